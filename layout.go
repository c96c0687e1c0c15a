package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// layout writes JSON for people: what fits a line stays on one, an object of one key does not open a level of its own,
// and long texts are cut.
func layout(document json.RawMessage, width int) string {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return string(document)
	}
	var out strings.Builder
	v.write(&out, "", width, 0)
	return out.String()
}

// value is a JSON value with its keys in order.
type value struct {
	open, close string   // brackets; empty: a scalar
	keys        []string // of an object, each with its colon
	items       []value
	text        string // of a scalar
}

func readValue(d *json.Decoder) (value, error) {
	token, err := d.Token()
	if err != nil {
		return value{}, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return value{text: encode(token)}, nil
	}
	v := value{open: "[", close: "]"}
	if delim == '{' {
		v = value{open: "{", close: "}"}
	}
	for d.More() {
		if v.open == "{" {
			key, err := d.Token()
			if err != nil {
				return v, err
			}
			v.keys = append(v.keys, encode(key)+": ")
		}
		item, err := readValue(d)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	_, err = d.Token()
	return v, err
}

func encode(token json.Token) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(token); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// flat is the value on one line.
func (v value) flat() string {
	if v.open == "" {
		return v.text
	}
	parts := make([]string, len(v.items))
	for i, item := range v.items {
		parts[i] = v.key(i) + item.flat()
	}
	return v.open + strings.Join(parts, ", ") + v.close
}

func (v value) key(i int) string {
	if i < len(v.keys) {
		return v.keys[i]
	}
	return ""
}

// write lays the value out at an indent; column characters stand on the line already.
func (v value) write(out *strings.Builder, indent string, width, column int) {
	flat := v.flat()
	switch {
	case v.open == "":
		out.WriteString(cut(flat, max(width-column, minText)))
	case column+utf8.RuneCountInString(flat) <= width || len(v.items) == 0:
		out.WriteString(flat)
	case len(v.items) == 1 && v.open == "{":
		head := v.open + v.keys[0]
		out.WriteString(head)
		v.items[0].write(out, indent, width, column+utf8.RuneCountInString(head)+1)
		out.WriteString(v.close)
	default:
		out.WriteString(v.open)
		inner := indent + "  "
		for i, item := range v.items {
			out.WriteString("\n" + inner + v.key(i))
			item.write(out, inner, width, utf8.RuneCountInString(inner+v.key(i))+1)
			if i < len(v.items)-1 {
				out.WriteByte(',')
			}
		}
		out.WriteString("\n" + indent + v.close)
	}
}

const minText = 20

// cut shortens an encoded text to n characters, its closing quote included.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n || !strings.HasPrefix(text, `"`) {
		return text
	}
	return strings.TrimRight(string([]rune(text)[:n-2]), `\`) + `…"`
}
