package limits

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
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
			return nil, fmt.Errorf("allowed operation %s: %s", at, err.Message)
		}
		if _, errs := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules()); errs != nil {
			return nil, fmt.Errorf("allowed operation %s does not fit the schema: %w", at, errs)
		}
		all = append(all, text)
		if trimmed := strings.TrimSpace(text); trimmed != text {
			all = append(all, trimmed) // editors end a file with a line break that clients do not send
		}
	}
	return all, nil
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
	return readManifest(file)
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

func readManifest(file []byte) (map[string]string, error) {
	var apollo struct {
		Format     string
		Operations []struct{ ID, Body string }
	}
	texts := map[string]string{}
	if json.Unmarshal(file, &apollo) == nil && apollo.Format == "apollo-persisted-query-manifest" {
		for _, o := range apollo.Operations {
			texts[o.ID] = o.Body
		}
		return texts, nil
	}
	if json.Unmarshal(file, &texts) != nil {
		return nil, errors.New("it must be a directory, an Apollo manifest, or a JSON object whose values are documents")
	}
	return texts, nil
}
