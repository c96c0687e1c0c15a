package stores_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"thalamus/stores"
)

// paths are the input fields that an error, or the errors joined in it, complain about.
func paths(err error) []string {
	if e, ok := err.(*stores.Error); ok {
		return []string{strings.Join(e.Path, ".")}
	}
	var out []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, paths(e)...)
		}
	}
	return out
}

// refusedAt wants an [stores.ErrInvalid] about exactly the given fields.
func refusedAt(t *testing.T, err error, want ...string) {
	t.Helper()
	if !errors.Is(err, stores.ErrInvalid) {
		t.Errorf("got %v, want a refusal about %q", err, want)
		return
	}
	got := paths(err)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(want, got) {
		t.Errorf("got a refusal about %q, want %q: %v", got, want, err)
	}
}

func TestErrorKinds(t *testing.T) {
	cause := context.DeadlineExceeded
	id := stores.NewID()
	for kind, err := range map[error]error{
		stores.ErrInvalid:     stores.Invalid("context.project", "is %d too long", 3),
		stores.ErrConflict:    stores.Conflict("version %d is stored", 4),
		stores.ErrNotFound:    stores.Missing(stores.KindEpisode, id),
		stores.ErrUnsupported: stores.Unsupported("chroma", "no keywords"),
		stores.ErrUnavailable: stores.Unavailable("neo4j", cause),
	} {
		for _, other := range []error{stores.ErrInvalid, stores.ErrConflict, stores.ErrNotFound, stores.ErrUnsupported, stores.ErrUnavailable} {
			if got := errors.Is(fmt.Errorf("wrapped: %w", err), other); got != (other == kind) {
				t.Errorf("%v is %v: %v", err, other, got)
			}
		}
	}
	if err := stores.Unavailable("neo4j", cause); !errors.Is(err, cause) || !strings.Contains(err.Error(), "neo4j") {
		t.Errorf("%v lost its cause or its backend", err)
	}
	if got, want := stores.Invalid("context.project", "is %d too long", 3).Error(), "context.project: is 3 too long"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := stores.Missing(stores.KindEpisode, id).Error(), "no episode with id "+string(id); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&stores.Error{Kind: stores.ErrConflict}).Error(); got != "conflict" {
		t.Errorf("an error without words reads %q", got)
	}
	var typed *stores.Error
	if err := stores.Invalid("", "nothing in particular"); !errors.As(err, &typed) || len(typed.Path) != 0 {
		t.Errorf("%v has a path", err)
	}
}
