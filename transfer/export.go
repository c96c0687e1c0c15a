package transfer

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"time"

	"thalamus/stores"
)

// ExportOptions say what is exported. Set is needed.
type ExportOptions struct {
	Set      *stores.Set
	Scope    *stores.Scope // nil: every scope
	Progress func(Progress)
}

// exportPage is how many nouns are in memory at once.
const exportPage = 500

// Export writes every noun of one scope, or of all, in the format thalamus-memory: kind by kind in the order of
// [stores.Kinds], within a kind scope by scope, within a scope by id. Equal memories give equal bytes. Vectors are left
// out: an import makes them anew.
//
// It reads page by page. What others write meanwhile may or may not be in it.
func Export(ctx context.Context, w io.Writer, o ExportOptions) (Report, error) {
	start := time.Now()
	ex := &exporter{ExportOptions: o, out: bufio.NewWriterSize(w, 64<<10), report: newReport()}
	err := ex.run(ctx)
	if err == nil {
		err = ex.out.Flush()
	}
	ex.report.Elapsed = time.Since(start)
	return ex.report, err
}

type exporter struct {
	ExportOptions
	out    *bufio.Writer
	bytes  int64
	report Report
}

func (ex *exporter) run(ctx context.Context) error {
	scopes, err := ex.scopes(ctx)
	if err != nil {
		return err
	}
	head, err := json.Marshal(header{kindHeader, Format, Version})
	if err != nil {
		return err
	}
	if err := ex.put(append(head, '\n')); err != nil {
		return err
	}
	for _, kind := range stores.Kinds {
		for _, s := range scopes {
			if err := ex.kind(ctx, kind, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (ex *exporter) scopes(ctx context.Context) ([]stores.Scope, error) {
	if ex.Scope != nil {
		return []stores.Scope{*ex.Scope}, ex.Scope.Validate()
	}
	if ex.Set.Scopes == nil {
		return nil, &stores.Error{Kind: stores.ErrUnsupported, Message: "these stores cannot list their scopes; export one scope at a time"}
	}
	return ex.Set.Scopes.Scopes(ctx)
}

// kind writes the nouns of one kind of one scope.
func (ex *exporter) kind(ctx context.Context, kind stores.Kind, s stores.Scope) error {
	switch kind {
	case stores.KindProfile:
		return pages(ctx, ex, s, ex.Set.Profiles.List)
	case stores.KindEntity:
		return pages(ctx, ex, s, ex.Set.Entities.List)
	case stores.KindEpisode:
		return pages(ctx, ex, s, ex.Set.Episodes.List)
	case stores.KindProcedure:
		return pages(ctx, ex, s, ex.Set.Procedures.List)
	case stores.KindTodo:
		return pages(ctx, ex, s, ex.Set.Todos.List)
	default:
		return pages(ctx, ex, s, ex.Set.Relationships.List)
	}
}

// pages writes a list, ordered by id.
func pages[T noun](ctx context.Context, ex *exporter, s stores.Scope, list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error)) error {
	q := stores.Query{Order: []stores.Order{{Field: "id", Direction: stores.Ascending}}, Page: stores.Page{First: exportPage}}
	for {
		page, err := list(ctx, s, q)
		if err != nil {
			return err
		}
		nouns := make([]noun, len(page.Items))
		for i, n := range page.Items {
			nouns[i] = n
		}
		if err := ex.nouns(ctx, s, nouns); err != nil || !page.HasNext {
			return err
		}
		q.Page.After = page.Cursors[len(page.Cursors)-1]
	}
}

// nouns writes a page of one kind.
func (ex *exporter) nouns(ctx context.Context, s stores.Scope, page []noun) error {
	if len(page) == 0 {
		return nil
	}
	var records map[stores.ID]*stores.EntityRecord
	if page[0].Ref().Kind == stores.KindEntity {
		ids := make([]stores.ID, len(page))
		for i, n := range page {
			ids[i] = n.Ref().ID
		}
		var err error
		if records, err = ex.Set.EntityRecords.ByID(ctx, s, ids, nil); err != nil {
			return err
		}
	}
	for _, n := range page {
		record := records[n.Ref().ID]
		if e, ok := any(n).(*stores.Entity); ok {
			record = record.At(e.Version)
		}
		text, err := encode(n, record)
		if err != nil {
			return err
		}
		if err := ex.put(text); err != nil {
			return err
		}
		ex.report.Lines++
		ex.report.Written[n.Ref().Kind]++
	}
	if ex.Progress != nil {
		ex.Progress(Progress{Lines: ex.report.Lines, Bytes: ex.bytes, Done: ex.report.Lines})
	}
	return nil
}

func (ex *exporter) put(text []byte) error {
	n, err := ex.out.Write(text)
	ex.bytes += int64(n)
	return err
}
