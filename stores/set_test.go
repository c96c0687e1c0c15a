package stores_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

// backend notes when it is closed.
type backend struct {
	name  string
	order *[]string
	err   error
}

func (b *backend) Name() string               { return b.name }
func (b *backend) Ping(context.Context) error { return nil }
func (b *backend) Close() error {
	*b.order = append(*b.order, b.name)
	return b.err
}

func TestSetClose(t *testing.T) {
	var order []string
	sorry := errors.New("sorry")
	one, two, three := &backend{"one", &order, nil}, &backend{"two", &order, sorry}, &backend{"three", &order, nil}
	set := stores.Set{Backends: []stores.Playing{
		{Role: stores.RoleGraph, Backend: one}, {Role: stores.RoleCache, Backend: two},
		{Role: stores.RoleRecords, Backend: one}, {Role: stores.RoleEmbedder, Backend: three},
	}}
	if err := set.Close(); !errors.Is(err, sorry) {
		t.Errorf("Close: %v, want it to tell of the one that failed", err)
	}
	if d := cmp.Diff([]string{"three", "one", "two"}, order); d != "" {
		t.Errorf("order of closing (-want +got):\n%s", d)
	}
	if err := (&stores.Set{}).Close(); err != nil {
		t.Errorf("closing an empty set: %v", err)
	}
}
