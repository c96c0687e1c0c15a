package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"thalamus/graph"
)

func (a *app) schemaCommand() *cobra.Command {
	formats := []string{"sdl", "json", "possible-types"}
	var format string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the GraphQL schema",
		Long: `Prints the schema for tools that generate clients. No store is opened.

  sdl             the schema definition language, as most code generators read it
  json            the answer to an introspection query: {"__schema": …}
  possible-types  the members of interfaces and unions, as caches of Apollo Client want them`,
		Example: `  thalamus schema > schema.graphql
  thalamus schema --format json > introspection.json
  thalamus schema --format possible-types > possibleTypes.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return printSchema(cmd, format, formats) },
	}
	cmd.Flags().StringVar(&format, "format", formats[0], strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func printSchema(cmd *cobra.Command, format string, formats []string) error {
	out := cmd.OutOrStdout()
	switch format {
	case "sdl":
		_, err := io.WriteString(out, graph.SDL())
		return err
	case "json":
		answer, err := graph.Introspection(cmd.Context())
		if err != nil {
			return err
		}
		return printJSON(out, answer)
	case "possible-types":
		return printJSON(out, graph.PossibleTypes())
	}
	return fmt.Errorf("--format: %q is none of %s", format, strings.Join(formats, ", "))
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
