package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"

	"thalamus/stores"
)

// Package json takes keys in any case, the last of equal keys, and half a surrogate pair as another character. A line that
// has any of these means something else than it says, so it is looked through first.

// shape is which keys an object may have; nil: any.
type shape struct {
	fields map[string]*shape // of an object
	items  *shape            // of a list
}

// shapeOf is the shape of the JSON of a type.
func shapeOf(t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer {
		return shapeOf(t.Elem())
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) { // it sees to its own
		return nil
	}
	switch t.Kind() { //nolint:exhaustive // the others hold no keys
	case reflect.Struct:
		s := &shape{fields: map[string]*shape{}}
		s.add(t)
		return s
	case reflect.Slice, reflect.Array:
		return &shape{items: shapeOf(t.Elem())}
	}
	return nil
}

// add takes in the fields of a struct; its own hide those of the structs that it embeds.
func (s *shape) add(t reflect.Type) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Tag.Get("json") == "" {
			if f.Type.Kind() == reflect.Pointer {
				f.Type = f.Type.Elem()
			}
			s.add(f.Type)
		}
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			s.fields[name] = shapeOf(t.Field(i).Type)
		}
	}
}

// member is a key of an object with its value as it was written.
type member struct {
	key   string
	value []byte
}

// members takes the object of a line apart, after looking through everything in it.
func members(text []byte) ([]member, error) {
	var valid json.RawMessage
	if err := json.Unmarshal(text, &valid); err != nil {
		return nil, err
	}
	if text[0] != '{' {
		return nil, stores.Invalid("", "must be an object, not %s", typeName(text[0]))
	}
	w := walker{text: text}
	return w.object(nil)
}

// decode reads the value of a key, if the object has it.
func decode(object []member, key string, into any) error {
	for _, m := range object {
		if m.key != key {
			continue
		}
		err := json.Unmarshal(m.value, into)
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			wrong.Field = key
		}
		return err
	}
	return nil
}

// typeName names what a JSON value is by its first byte.
func typeName(first byte) string {
	switch first {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

// shapes keeps the shapes of lines by type.
var shapes sync.Map

// strict decodes a JSON object whose keys are exactly those of the struct.
func strict(text []byte, into any) error {
	w := walker{text: text}
	if err := json.Unmarshal(text, into); err != nil {
		return err
	}
	t := reflect.TypeOf(into)
	s, ok := shapes.Load(t)
	if !ok {
		s, _ = shapes.LoadOrStore(t, shapeOf(t))
	}
	return w.value(s.(*shape))
}

// walker goes through valid JSON.
type walker struct {
	text []byte
	at   int
}

// next is the next byte that is no white space.
func (w *walker) next() byte {
	for strings.IndexByte(" \t\r\n", w.text[w.at]) >= 0 {
		w.at++
	}
	return w.text[w.at]
}

func (w *walker) value(s *shape) error {
	switch w.next() {
	case '{':
		_, err := w.object(s)
		return err
	case '[':
		return w.list(s)
	case '"':
		_, err := w.string()
		return err
	}
	for w.at < len(w.text) && strings.IndexByte(",]} \t\r\n", w.text[w.at]) < 0 {
		w.at++
	}
	return nil
}

func (w *walker) list(s *shape) error {
	var items *shape
	if s != nil {
		items = s.items
	}
	for w.at++; w.next() != ']'; {
		if err := w.value(items); err != nil {
			return err
		}
		if w.next() == ',' {
			w.at++
		}
	}
	w.at++
	return nil
}

func (w *walker) object(s *shape) (all []member, err error) {
	seen := map[string]bool{}
	for w.at++; w.next() != '}'; {
		key, err := w.string()
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, stores.Invalid("", "gives the field %s twice", quoted(key))
		}
		seen[key] = true
		inner, err := s.field(key)
		if err != nil {
			return nil, err
		}
		w.next()
		w.at++ // the colon
		w.next()
		start := w.at
		if err := w.value(inner); err != nil {
			return nil, err
		}
		all = append(all, member{key, w.text[start:w.at]})
		if w.next() == ',' {
			w.at++
		}
	}
	w.at++
	return all, nil
}

// field is the shape of a key's value; a key that does not belong there is an error.
func (s *shape) field(key string) (*shape, error) {
	if s == nil || s.fields == nil {
		return nil, nil
	}
	if inner, ok := s.fields[key]; ok {
		return inner, nil
	}
	for name := range s.fields {
		if strings.EqualFold(name, key) {
			return nil, stores.Invalid("", "unknown field %s; did you mean %q?", quoted(key), name)
		}
	}
	return nil, stores.Invalid("", "unknown field %s", quoted(key))
}

// string reads a text, whose escapes must be whole characters.
func (w *walker) string() (string, error) {
	w.next()
	start := w.at
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] != '\\' {
			continue
		}
		w.at++
		if w.text[w.at] != 'u' {
			continue
		}
		if first := w.escaped(w.at - 1); utf16.IsSurrogate(first) {
			if utf16.DecodeRune(first, w.escaped(w.at+5)) == '\ufffd' {
				return "", stores.Invalid("", `holds half a character (\u%s, a surrogate without its other half)`, w.text[w.at+1:w.at+5])
			}
			w.at += 6
		}
	}
	w.at++
	raw := w.text[start:w.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err
}

// escaped is the number of an escape \uXXXX, or -1 where none stands.
func (w *walker) escaped(at int) rune {
	if at+6 > len(w.text) || w.text[at] != '\\' || w.text[at+1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(w.text[at+2:at+6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
