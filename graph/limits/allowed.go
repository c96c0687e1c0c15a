package limits

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Allowed reads the documents that clients may send. name is a directory of files *.graphql, each a document, whatever
// directory beneath it they are in; or a JSON file: Apollo's persisted query manifest, or an object whose values are
// documents, as Relay's compiler writes it. Each document must fit the schema and be within the limits.
func Allowed(name string, schema *ast.Schema, l Limits) ([]string, error) {
	texts, err := readAllowed(name)
	if err != nil {
		return nil, fmt.Errorf("the list of allowed operations cannot be read: %w", err)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("the list of allowed operations, %s, holds none: no client could do anything", name)
	}
	var all []string
	for _, at := range slices.Sorted(maps.Keys(texts)) {
		text := texts[at]
		if _, err := l.Measure(text); err != nil {
			return nil, fmt.Errorf("the list of allowed operations, %s: %s: %s", name, at, err.Message)
		}
		if _, errs := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules()); errs != nil {
			return nil, fmt.Errorf("the list of allowed operations, %s: %s does not fit the schema: %s", name, at, first(errs))
		}
		all = append(all, text)
		if trimmed := strings.TrimSpace(text); trimmed != text {
			all = append(all, trimmed) // editors end a file with a line break that clients do not send
		}
	}
	return all, nil
}

// first is the first of some errors in a document, and where it is.
func first(errs gqlerror.List) string {
	e := errs[0]
	if len(e.Locations) == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Locations[0].Line, e.Locations[0].Column, e.Message)
}

// readAllowed gives the documents by where they stand.
func readAllowed(name string) (map[string]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return readDocuments(name)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if texts, ok := readManifest(file); ok {
		return texts, nil
	}
	return nil, fmt.Errorf("%s: it must be a directory of .graphql files, an Apollo manifest, or a JSON object whose values are documents", name)
}

func readDocuments(directory string) (map[string]string, error) {
	texts := map[string]string{}
	return texts, filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".graphql" {
			return err
		}
		text, err := os.ReadFile(name)
		texts[name] = string(text)
		return err
	})
}

// readManifest reads a file of one of the formats of clients.
func readManifest(file []byte) (texts map[string]string, ok bool) {
	var apollo struct {
		Format     string
		Operations []struct{ ID, Body string }
	}
	if json.Unmarshal(file, &apollo) == nil && apollo.Format == "apollo-persisted-query-manifest" {
		texts = map[string]string{}
		for _, o := range apollo.Operations {
			texts[o.ID] = o.Body
		}
		return texts, true
	}
	return texts, json.Unmarshal(file, &texts) == nil
}
