package transfer

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"thalamus/stores"
)

// The lines of the MCP memory server.

type mcpEntity struct {
	name, entityType string
	observations     []string
}

type mcpRelation struct{ from, to, relationType string }

// ends are the names of the entities that a relation joins.
type ends struct{ from, to string }

// mcpWeight is the weight of a relation that was stated: well above that of an edge which merely came about
// ([stores.InitialWeight]), so that it does not fade first, and below that of one which proved itself.
const mcpWeight = 0.5

// maxMCPSummary clips the first observation, in characters.
const maxMCPSummary = 500

// parseMCP reads a line of the MCP memory server into a draft.
func parseMCP(kind string, object []member, d *draft) error {
	switch kind {
	case "entity":
		var l mcpEntity
		others, err := loose(object, map[string]any{"name": &l.name, "entityType": &l.entityType, "observations": &l.observations})
		if err != nil {
			return err
		}
		d.noun, d.record = l.entity()
		d.record.Metadata = others
	case "relation":
		var l mcpRelation
		others, err := loose(object, map[string]any{"from": &l.from, "to": &l.to, "relationType": &l.relationType})
		if err != nil {
			return err
		}
		var c stores.Check
		c.Text("from", l.from, 1, stores.MaxName)
		c.Text("to", l.to, 1, stores.MaxName)
		edge := l.relationship()
		edge.Metadata = others
		d.noun, d.ends = edge, &ends{l.from, l.to}
		return c.Err()
	default:
		return stores.Invalid("type", `%q is neither "entity" nor "relation"`, kind)
	}
	return nil
}

// loose decodes what is known of the format, and gives back the keys that are not: servers derived from the original add
// some, and they are kept as metadata.
func loose(object []member, known map[string]any) (others map[string]any, err error) {
	for _, m := range object {
		into, ok := known[m.key]
		switch {
		case ok:
			err = decode(object, m.key, into)
		case m.key != "type":
			var value any
			if err = decode(object, m.key, &value); others == nil {
				others = map[string]any{}
			}
			others[m.key] = value
		}
		if err != nil {
			return nil, err
		}
	}
	return others, nil
}

func (l mcpEntity) entity() (*stores.Entity, *stores.EntityRecord) {
	e := &stores.Entity{Name: l.name, Type: entityType(l.entityType), Label: l.entityType}
	if len(l.observations) > 0 {
		e.Summary = clip(l.observations[0], maxMCPSummary)
	}
	return e, &stores.EntityRecord{Content: strings.Join(l.observations, "\n")}
}

func (l mcpRelation) relationship() *stores.Relationship {
	t, exact := relationType(l.relationType)
	r := &stores.Relationship{Type: t, Weight: mcpWeight, Source: stores.Ref{Kind: stores.KindEntity}, Target: stores.Ref{Kind: stores.KindEntity}}
	if !exact {
		r.Label = l.relationType
	}
	return r
}

// merge says anew what a line of the MCP server says about a stored entity, and leaves the rest of it alone.
func (d *draft) merge(e stores.Entity, record *stores.EntityRecord) {
	said, content := d.noun.(*stores.Entity), d.record.Content
	rec := stores.EntityRecord{}
	if record != nil {
		rec = *record
	}
	if said.Label != "" {
		e.Type, e.Label = said.Type, said.Label
	}
	if said.Summary != "" {
		e.Summary, rec.Content = said.Summary, content
	}
	if d.record.Metadata != nil {
		metadata := maps.Clone(rec.Metadata)
		if metadata == nil {
			metadata = map[string]any{}
		}
		maps.Copy(metadata, d.record.Metadata)
		rec.Metadata = metadata
	}
	d.noun, d.record = &e, &rec
}

// synonyms are the words for entity types, beside their own names.
var synonyms = map[string]stores.EntityType{
	"idea":   stores.EntityConcept,
	"people": stores.EntityPerson, "human": stores.EntityPerson, "user": stores.EntityPerson,
	"technology": stores.EntityTool, "software": stores.EntityTool,
	"method": stores.EntityTechnique,
	"org":    stores.EntityOrganization, "organisation": stores.EntityOrganization, "company": stores.EntityOrganization,
}

func entityType(word string) stores.EntityType {
	word = strings.ToLower(strings.TrimSpace(word))
	if t := stores.EntityType(strings.ToUpper(word)); slices.Contains(stores.EntityTypes, t) {
		return t
	}
	if t, ok := synonyms[word]; ok {
		return t
	}
	return stores.EntityOther
}

// relationType finds the type that a word spells, in any case and with any separators ("part of", "partOf"). exact says
// that it is the type's own spelling.
func relationType(word string) (t stores.RelationType, exact bool) {
	var b strings.Builder
	lower := false
	for _, r := range word {
		switch {
		case !unicode.IsLetter(r):
			b.WriteByte(' ')
		case unicode.IsUpper(r) && lower:
			b.WriteByte(' ')
			fallthrough
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
		lower = unicode.IsLower(r)
	}
	t = stores.RelationType(strings.Join(strings.Fields(b.String()), "_"))
	if !slices.Contains(stores.RelationTypes, t) {
		return stores.RelatesTo, false
	}
	return t, string(t) == word
}

// clip shortens a text to n characters, the last of them an ellipsis.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
