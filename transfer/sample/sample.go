// Package sample makes invented memories of any size, for measurements. Equal sizes give equal bytes.
package sample

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// Size says how much a memory holds. All of it belongs to the default scope.
type Size struct{ Entities, Episodes, Relationships int }

const (
	sessionLength = 20 // episodes
	vocabulary    = 5000
)

// Write writes a memory in the format thalamus-memory. Episodes have some 60 words, mention up to three entities and come
// in sessions of twenty; relationships join any two nodes.
func Write(w io.Writer, size Size) error {
	m := &memory{out: bufio.NewWriter(w), rand: rand.New(rand.NewPCG(1, 2)), start: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
	m.put(map[string]any{"kind": "Header", "format": "thalamus-memory", "version": 1})
	for i := range size.Entities {
		m.entity(i)
	}
	for i := range size.Episodes {
		m.episode(i, size.Entities)
	}
	for i := range size.Relationships {
		m.relationship(i, size)
	}
	if m.err != nil {
		return m.err
	}
	return m.out.Flush()
}

type memory struct {
	out   *bufio.Writer
	rand  *rand.Rand
	start time.Time
	err   error // the first
}

func (m *memory) put(line any) {
	b, err := json.Marshal(line)
	if err == nil {
		_, err = m.out.Write(append(b, '\n'))
	}
	if m.err == nil {
		m.err = err
	}
}

func (m *memory) at(i int) time.Time { return m.start.Add(time.Duration(i) * time.Minute) }

func (m *memory) entity(i int) {
	e := &stores.Entity{
		ID: id(stores.KindEntity, i), Scope: stores.NewScope("", "", ""), Name: fmt.Sprintf("%s %d", m.words(2), i),
		Type: stores.EntityTypes[i%len(stores.EntityTypes)], Summary: m.words(15),
	}
	e.SetDefaults(m.at(i))
	m.put(struct {
		Kind stores.Kind `json:"kind"`
		*stores.Entity
		Content  string   `json:"content"`
		Keywords []string `json:"keywords"`
	}{stores.KindEntity, e, m.words(40), []string{m.words(1), m.words(1)}})
}

func (m *memory) episode(i, entities int) {
	position := i % sessionLength
	e := &stores.Episode{
		ID: id(stores.KindEpisode, i), Scope: stores.NewScope("", "", ""), SessionID: fmt.Sprintf("session-%d", i/sessionLength),
		Position: &position, Content: m.words(40 + m.rand.IntN(40)), Outcome: stores.Outcomes[m.rand.IntN(len(stores.Outcomes))],
		Context: stores.EpisodeContext{Project: m.words(1), Tool: m.words(1)}, EmotionalValence: 0.5,
	}
	if entities > 0 {
		first := m.rand.IntN(entities)
		for k := range min(m.rand.IntN(4), entities) {
			e.Mentions = append(e.Mentions, id(stores.KindEntity, (first+k)%entities))
		}
	}
	e.SetDefaults(m.at(i))
	m.put(struct {
		Kind stores.Kind `json:"kind"`
		*stores.Episode
	}{stores.KindEpisode, e})
}

func (m *memory) relationship(i int, size Size) {
	r := &stores.Relationship{
		ID: id(stores.KindRelationship, i), Scope: stores.NewScope("", "", ""), Type: stores.RelationTypes[i%len(stores.RelationTypes)],
		Label: fmt.Sprint("edge ", i), Source: m.node(size), Weight: stores.InitialWeight,
	}
	for r.Target = r.Source; r.Target == r.Source; {
		r.Target = m.node(size)
	}
	r.SetDefaults(m.at(i))
	m.put(struct {
		Kind stores.Kind `json:"kind"`
		*stores.Relationship
	}{stores.KindRelationship, r})
}

// node picks an episode or an entity.
func (m *memory) node(size Size) stores.Ref {
	i := m.rand.IntN(size.Episodes + size.Entities)
	if i < size.Episodes {
		return stores.Ref{Kind: stores.KindEpisode, ID: id(stores.KindEpisode, i)}
	}
	return stores.Ref{Kind: stores.KindEntity, ID: id(stores.KindEntity, i-size.Episodes)}
}

// words are invented, the frequent ones more frequent, as words are.
func (m *memory) words(n int) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		u := m.rand.Float64()
		for k := 1 + int(u*u*u*vocabulary); k > 0; k /= len(consonants) * len(vowels) {
			b.WriteByte(consonants[k%len(consonants)])
			b.WriteByte(vowels[k/len(consonants)%len(vowels)])
		}
	}
	return b.String()
}

// id is a UUIDv7 that tells the kind and the number.
func id(kind stores.Kind, i int) stores.ID {
	return stores.ID(fmt.Sprintf("0194%04x-%04x-7000-8000-%012x", slices.Index(stores.Kinds, kind), i>>16, i))
}
