package graphtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"

	"thalamus/examples"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// load writes the sample memory.
func load(ctx context.Context, w *saga.Writer) error {
	batches := map[stores.Scope]*saga.Batch{}
	lines := bufio.NewScanner(examples.Memory())
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		head := struct {
			Kind  stores.Kind  `json:"kind"`
			Scope stores.Scope `json:"scope"`
		}{Scope: Scope}
		if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
			return err
		}
		b := batches[head.Scope]
		if b == nil {
			b = &saga.Batch{}
			batches[head.Scope] = b
		}
		if err := add(b, head.Kind, lines.Bytes()); err != nil {
			return fmt.Errorf("%s: %w", head.Kind, err)
		}
	}
	for s, b := range batches {
		if err := w.Import(ctx, s, *b); err != nil {
			return err
		}
	}
	return lines.Err()
}

func add(b *saga.Batch, kind stores.Kind, line []byte) error {
	switch kind {
	case stores.KindProfile:
		return decode(line, &b.Profiles)
	case stores.KindEntity:
		e := saga.EntityParts{Entity: &stores.Entity{}, Record: &stores.EntityRecord{}}
		b.Entities = append(b.Entities, e)
		if err := json.Unmarshal(line, e.Entity); err != nil {
			return err
		}
		return json.Unmarshal(line, e.Record)
	case stores.KindEpisode:
		return decode(line, &b.Episodes)
	case stores.KindProcedure:
		return decode(line, &b.Procedures)
	case stores.KindTodo:
		return decode(line, &b.Todos)
	case stores.KindRelationship:
		return decode(line, &b.Relationships)
	}
	return nil
}

func decode[T any](line []byte, list *[]*T) error {
	v := new(T)
	*list = append(*list, v)
	return json.Unmarshal(line, v)
}
