package config

import (
	"fmt"
	"strings"
)

// Markdown is the reference page of the configuration, docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n## Keys\n\n| Key | Environment | Flag | Value | Default |\n|---|---|---|---|---|\n")
	for _, k := range keys {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", k.inFileCell(), k.env(), k.flagCell(), escape(k.kind), k.defaultCell())
	}
	b.WriteString("\n## What they mean\n\n")
	for _, k := range keys {
		fmt.Fprintf(&b, "- **%s**: %s\n", k.name, k.doc)
	}
	b.WriteString(rules)
	return b.String()
}

func (k key) inFileCell() string {
	if k.noFile {
		return "–"
	}
	return "`" + k.name + "`"
}

func (k key) flagCell() string {
	if k.noFlag {
		return "–"
	}
	return "`--" + k.flag() + "`"
}

func (k key) defaultCell() string {
	switch {
	case k.shown != "":
		return k.shown
	case k.fallback == "":
		return "empty"
	}
	return "`" + k.fallback + "`"
}

// escape keeps the bars of a value from ending its cell.
func escape(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const introduction = `# Configuration

Thalamus runs without any: everything is embedded and lives in one data directory. What you want otherwise goes into a
file, the environment or flags. A flag wins over the environment, the environment over the file, the file over the
default. ` + "`thalamus doctor`" + ` shows every key with its value and where that came from.

` + "```yaml" + `
# thalamus.yaml
listen: 127.0.0.1:8080
embedder: openai+http://localhost:11434/v1?model=nomic-embed-text
log:
  level: debug
cors.origins: [https://app.example.com]
` + "```" + `

This page is generated from the table of keys in ` + "`config/keys.go`" + `.
`

const rules = `
## How values are written

- In the file, nesting and dots mean the same: ` + "`log.level: debug`" + ` is ` + "`log: {level: debug}`" + `. A key may be given once.
- An environment variable that is empty counts as not set. To empty a key that the file sets, use its flag: ` + "`--otlp-endpoint=`" + `.
- on|off: also ` + "`true`, `yes`, `1` and `false`, `no`, `0`" + `. A flag takes the word after it: ` + "`--playground off`" + ` or ` + "`--playground=off`" + `;
  only ` + "`--development`" + ` stands alone, and is turned off by ` + "`--development=off`" + `.
- role: reader, writer or admin, in any case; each may do what the one before it may.
- duration: a number and a unit, as in ` + "`500ms`, `10s`, `2m`" + `.
- size: a number of bytes, or one with a unit: ` + "`kB`, `MB`, `GB`" + ` are powers of 1000, ` + "`KiB`, `MiB`, `GiB`" + ` of 1024.
- list: in the file a YAML list, elsewhere its items with commas between.
- path: a leading ` + "`~/`" + ` is the home directory; a relative path starts from the working directory.

## Secrets

A secret has a second key that names a file to read it from, such as ` + "`THALAMUS_EMBEDDER_KEY_FILE`" + `; spaces and line breaks
around it are cut off. One source cannot give both. No flag takes a secret, because other users of the machine can see
flags. Secrets and the passwords in URLs are redacted wherever the configuration is shown.

## What is refused

An unknown key in the file, an unknown variable that begins with ` + "`THALAMUS_`" + `, an unknown flag, and a value that cannot be
understood. Thalamus then does not start and names every mistake with its place.

Two kinds of variables are passed over: ` + "`THALAMUS_TEST_…`" + `, which name servers for tests, and those that Kubernetes sets in every
pod when a service is called ` + "`thalamus`" + ` (` + "`THALAMUS_SERVICE_HOST`, `THALAMUS_SERVICE_PORT…`, `THALAMUS_PORT…`" + `).
`
