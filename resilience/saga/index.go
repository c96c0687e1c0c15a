package saga

import (
	"context"
	"strings"

	"thalamus/stores"
)

// document is what the vectors keep of a node: the text that is embedded, the text that is searched for words, and the
// payload that filters read.
type document struct {
	kind    stores.Kind
	id      stores.ID
	meaning string
	words   string
	payload map[stores.Field]any
}

func episodeDocument(e *stores.Episode) document {
	return document{
		kind: stores.KindEpisode, id: e.ID, meaning: e.EmbeddingText(),
		words: lines(e.Content, e.Context.Project, e.Context.File, e.Context.Tool),
		payload: map[stores.Field]any{
			"sessionId": e.SessionID, "timestamp": e.Timestamp, "outcome": string(e.Outcome),
		},
	}
}

func entityDocument(e *stores.Entity, r *stores.EntityRecord) document {
	payload := map[stores.Field]any{"type": string(e.Type), "validFrom": e.ValidFrom}
	if e.ValidTo != nil {
		payload["validTo"] = *e.ValidTo
	}
	words := []string{e.Name, e.Label, e.Summary, e.Details}
	if r != nil {
		words = append(append(append(words, r.Content), r.Keywords...), r.Aliases...)
	}
	return document{kind: stores.KindEntity, id: e.ID, meaning: e.EmbeddingText(), words: lines(words...), payload: payload}
}

func procedureDocument(p *stores.Procedure) document {
	return document{
		kind: stores.KindProcedure, id: p.ID, meaning: p.EmbeddingText(), words: p.EmbeddingText(),
		payload: map[stores.Field]any{"domain": string(p.Domain), "deprecated": p.Deprecated},
	}
}

func todoDocument(t *stores.Todo) document {
	return document{
		kind: stores.KindTodo, id: t.ID, meaning: t.EmbeddingText(), words: lines(t.Content, t.Reason, t.Assignee),
		payload: map[stores.Field]any{"status": string(t.Status), "urgency": float64(t.Urgency)},
	}
}

func lines(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n")
}

// embed turns documents into points. It is slow: call it before the transaction.
func (w *Writer) embed(ctx context.Context, docs []document) ([]stores.Point, error) {
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.meaning
	}
	vectors, err := w.set.Embedder.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	points := make([]stores.Point, len(docs))
	for i, d := range docs {
		points[i] = stores.Point{ID: d.id, Vector: vectors[i], Text: d.words, Payload: d.payload}
	}
	return points, nil
}

// reindex is the step that changes a node's point: to a new one when a text changed, only its payload otherwise.
func (w *Writer) reindex(ctx context.Context, before, after document) (step, error) {
	if before.meaning == after.meaning && before.words == after.words {
		payload := map[stores.Field]any{}
		for f := range before.payload {
			payload[f] = nil // a key that is gone must go
		}
		for f, v := range after.payload {
			payload[f] = v
		}
		return w.putPayload(after.kind, after.id, payload), nil
	}
	points, err := w.embed(ctx, []document{after})
	return w.putPoints(after.kind, points), err
}
