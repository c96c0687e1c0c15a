package transfer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"thalamus/resilience/saga"
	"thalamus/stores"
)

// ImportOptions say where an import goes. Set and Writer are needed, the rest has defaults.
type ImportOptions struct {
	Set    *stores.Set  // is read
	Writer *saga.Writer // writes to the same stores

	Scope     stores.Scope   // of lines that name none; empty parts are the default ones
	BatchSize int            // nouns written in one transaction, 1 to 1000; 0: 500
	Progress  func(Progress) // told after every batch
	OnBad     func(BadLine)  // told of every line that is refused, batch by batch in their order; those that waited come last
	DryRun    bool           // go through everything but embedding in one transaction, which other writers wait for, and undo it
}

const (
	defaultBatch = 500
	maxBatch     = 1000 // what a filter takes in a list
	maxPending   = MaxLine
)

// Import reads a file into the stores. A line that cannot be taken is reported and passed over; what its neighbours hold
// is written all the same. Importing a file twice changes nothing the second time.
//
// Memory is bounded by a batch, besides some 30 bytes for every noun of the file, by which repetitions are noticed. Lines
// that point at something further down wait in a temporary file.
//
// An error ends the import early: stores that fail, a reader that fails, a header of another format or version
// ([stores.ErrUnsupported], before anything is written if it is the first line). What was written until then stays.
func Import(ctx context.Context, r io.Reader, o ImportOptions) (Report, error) {
	start := time.Now()
	im := &importer{
		ImportOptions: o, now: stores.Now(), in: newLineReader(r), report: newReport(),
		seed: maphash.MakeSeed(), seen: map[uint64]sighting{}, pending: map[stores.Scope][]*draft{}, spool: &spool{},
	}
	im.Scope = stores.NewScope(o.Scope.User, o.Scope.Device, o.Scope.Agent)
	if im.BatchSize <= 0 {
		im.BatchSize = defaultBatch
	}
	im.BatchSize = min(im.BatchSize, maxBatch)
	err := im.Scope.Validate()
	if err == nil {
		err = im.start(ctx)
	}
	im.tell()
	err = errors.Join(err, im.spool.close())
	im.report.Elapsed = time.Since(start)
	return im.report, err
}

// importer is one import under way.
type importer struct {
	ImportOptions
	now    time.Time
	in     *lineReader
	report Report
	seed   maphash.Seed
	seen   map[uint64]sighting

	pending map[stores.Scope][]*draft
	scopes  []stores.Scope // of pending, in the order of the file
	count   int            // drafts in pending, and lines refused meanwhile
	bytes   int            // of their lines
	refused []BadLine      // that were not told of yet

	spool *spool
	last  bool // what has to wait now will wait in vain
}

// draft is a noun on its way from a line into the stores.
type draft struct {
	at   int // line number
	text []byte

	noun   noun
	record *stores.EntityRecord // of an entity
	mcp    bool                 // from a line of the MCP server
	ends   *ends                // of a relation of the MCP server

	again     bool // the line waited
	unplaced  bool // an episode that takes the next place of its session
	versioned bool // the line says the version
	dated     bool // the line says when the noun was last changed
}

func (d *draft) ref() stores.Ref { return d.noun.Ref() }

// start runs the import, in a transaction that is rolled back if it is a rehearsal.
func (im *importer) start(ctx context.Context) error {
	if !im.DryRun {
		return im.run(ctx)
	}
	set := *im.Set
	if set.Atomic == nil {
		return &stores.Error{Kind: stores.ErrUnsupported, Message: "a rehearsal is rolled back, which takes one database for graph, vectors and records; rehearse into an empty directory, with these three left at sqlite:"}
	}
	set.Embedder = idle{set.Embedder.Model()}
	im.Set, im.Writer = &set, saga.New(&set, saga.Options{})
	rollBack := errors.New("rehearsed")
	err := set.Atomic(ctx, func(ctx context.Context) error {
		if err := im.run(ctx); err != nil {
			return err
		}
		return rollBack
	})
	if errors.Is(err, rollBack) {
		return nil
	}
	return err
}

func (im *importer) run(ctx context.Context) error {
	for {
		text, tooLong, err := im.in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if im.in.line == 0 {
				return fmt.Errorf("cannot be read: %w", err)
			}
			return fmt.Errorf("cannot be read after line %d: %w", im.in.line, err)
		}
		if len(text) == 0 && !tooLong {
			continue
		}
		if err := im.line(ctx, bytes.Clone(text), tooLong); err != nil {
			return err
		}
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	return im.replay(ctx)
}

// line takes one line of the file.
func (im *importer) line(ctx context.Context, text []byte, tooLong bool) error {
	at := im.in.line
	d, err := &draft{at: at, text: text}, error(nil)
	switch {
	case tooLong:
		err = stores.Invalid("", "is longer than %d MiB", MaxLine>>20)
	case !utf8.Valid(text):
		err = stores.Invalid("", "is not valid UTF-8")
	default:
		err = im.read(d)
	}
	if errors.Is(err, errHeader) {
		return im.header(at, text)
	}
	im.report.Lines++
	if err != nil {
		im.bad(at, err)
		im.count++ // so that bad lines alone fill a batch, too
		return im.flushFull(ctx)
	}
	return im.take(ctx, d)
}

// errHeader marks a line that holds no noun.
var errHeader = errors.New("a header")

// read decodes the line of a draft.
func (im *importer) read(d *draft) error {
	object, err := members(d.text)
	if err != nil {
		return err
	}
	kind, isOurs, err := word(object, "kind")
	if err != nil {
		return err
	}
	typ, isMCP, err := word(object, "type")
	switch {
	case isOurs && kind == kindHeader:
		return errHeader
	case isOurs:
		d.noun, d.record, err = parse(stores.Kind(kind), d.text)
	case err != nil:
		return err
	case isMCP:
		d.mcp = true
		err = parseMCP(typ, object, d)
	default:
		return stores.Invalid("", "says neither kind, as thalamus-memory does, nor type, as the MCP memory server does")
	}
	if err != nil {
		return err
	}
	if s := ownerOf(d.noun); *s == (stores.Scope{}) {
		*s = im.Scope
	} else if err := s.Validate(); err != nil {
		return err
	}
	r := parts(d.noun)
	d.versioned, d.dated = *r.version != 0, !r.updated.IsZero()
	if d.ends != nil { // its points are still names
		return nil
	}
	return tidy(d.noun)
}

// word is the text of a key, if the object has it.
func word(object []member, key string) (text string, there bool, err error) {
	var value *string
	err = decode(object, key, &value)
	if value == nil {
		return "", false, err
	}
	return *value, true, err
}

// header checks a header line. It may stand anywhere, so that files can be strung together.
func (im *importer) header(at int, text []byte) error {
	var h header
	if err := strict(text, &h); err != nil {
		return stores.Invalid("", "line %d is not a header of %s: %s", at, Format, reason(err))
	}
	if h.Format != Format || h.Version != Version {
		return &stores.Error{Kind: stores.ErrUnsupported, Message: fmt.Sprintf(
			"line %d says format %q, version %d, and this program reads %q, version %d; use the program that wrote the file, or a newer one",
			at, h.Format, h.Version, Format, Version)}
	}
	return nil
}

// take puts a draft among the pending ones, and writes these when they are enough.
func (im *importer) take(ctx context.Context, d *draft) error {
	s := d.noun.Owner()
	if len(im.pending[s]) == 0 {
		im.scopes = append(im.scopes, s)
	}
	im.pending[s] = append(im.pending[s], d)
	im.count++
	im.bytes += len(d.text)
	return im.flushFull(ctx)
}

// flushFull writes what is pending if that is enough.
func (im *importer) flushFull(ctx context.Context) error {
	if im.count < im.BatchSize && im.bytes < maxPending {
		return nil
	}
	return im.flush(ctx)
}

// flush writes what is pending.
func (im *importer) flush(ctx context.Context) error {
	scopes, pending := im.scopes, im.pending
	im.scopes, im.pending, im.count, im.bytes = nil, map[stores.Scope][]*draft{}, 0, 0
	for _, s := range scopes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := im.writeScope(ctx, s, pending[s]); err != nil {
			return err
		}
	}
	im.tell()
	im.progress()
	return nil
}

// replay tries the lines that had to wait, as long as that brings any of them home. Then it says what they lack.
func (im *importer) replay(ctx context.Context) error {
	for im.spool.count > 0 {
		waiting := im.spool
		im.spool = &spool{}
		err := waiting.each(func(at int, text []byte) error {
			d := &draft{at: at, text: text, again: true}
			if err := im.read(d); err != nil {
				return err // it was read before
			}
			return im.take(ctx, d)
		})
		if err == nil {
			err = im.flush(ctx)
		}
		if err = errors.Join(err, waiting.close()); err != nil {
			return err
		}
		im.last = im.spool.count == waiting.count
	}
	return nil
}

// postpone lets a draft wait for what it lacks, or refuses it when nothing more can come.
func (im *importer) postpone(d *draft, lack error) error {
	if im.last {
		im.bad(d.at, lack)
		return nil
	}
	return im.spool.put(d.at, d.text)
}

func (im *importer) bad(at int, err error) {
	im.report.Bad++
	im.refused = append(im.refused, BadLine{Line: at, Reason: reason(err)})
}

// tell reports the lines that were refused, in the order of the file.
func (im *importer) tell() {
	slices.SortStableFunc(im.refused, func(a, b BadLine) int { return cmp.Compare(a.Line, b.Line) })
	for _, b := range im.refused {
		if im.OnBad != nil {
			im.OnBad(b)
		}
	}
	im.refused = nil
}

func (im *importer) progress() {
	if im.Progress == nil {
		return
	}
	p := Progress{Lines: im.in.line, Bytes: im.in.bytes, Deferred: im.spool.count, Done: im.report.Bad}
	for _, kind := range stores.Kinds {
		p.Done += im.report.Written[kind] + im.report.Unchanged[kind]
	}
	im.Progress(p)
}

// idle stands in for an embedder whose vectors nobody will see.
type idle struct{ model stores.Model }

func (e idle) Model() stores.Model { return e.model }

func (e idle) Embed(_ context.Context, texts []string) ([][]float32, error) {
	v := make([]float32, max(e.model.Dimension, 1))
	v[0] = 1
	out := make([][]float32, len(texts))
	for i := range out {
		out[i] = v
	}
	return out, nil
}
