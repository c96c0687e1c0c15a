package open

import (
	"context"
	"errors"
	"fmt"

	"thalamus/stores"
)

// ErrOtherEmbedder says that the stored vectors come from another embedder than the configured one.
var ErrOtherEmbedder = errors.New("the stored vectors come from another embedder")

// CheckModel compares the embedder that made the stored vectors with the configured one, and binds an engine that holds
// none yet. Vectors of two embedders cannot be compared, so mixing them is refused with [ErrOtherEmbedder].
func CheckModel(ctx context.Context, set *stores.Set) error {
	want := set.Embedder.Model()
	have, err := set.Vectors.Model(ctx)
	switch {
	case err != nil:
		return err
	case have == stores.Model{}:
		return set.Vectors.Bind(ctx, want)
	case have != want:
		return fmt.Errorf("%w: they were made by %s (dimension %d), and the configuration says %s (dimension %d); run `thalamus reembed` with this configuration to make them anew, or configure the old embedder",
			ErrOtherEmbedder, have.Name, have.Dimension, want.Name, want.Dimension)
	}
	return nil
}

// Unembedded says whether there are memories, and no vectors at all: those were lost, or the store for vectors is another
// one than before. Recall by meaning finds nothing then, until `thalamus reembed` makes them anew. The set is the one
// that [Open] gave.
func Unembedded(ctx context.Context, set *stores.Set) (bool, error) {
	model, err := set.Vectors.Model(ctx)
	if err != nil {
		return false, err
	}
	none := model == stores.Model{}
	for _, p := range set.Backends {
		if store, ok := p.Backend.(stores.Examined); ok && p.Role == stores.RoleVectors {
			facts, err := store.Facts(ctx)
			if err != nil {
				return false, err
			}
			none = none || facts.Empty
		}
	}
	if !none {
		return false, nil
	}
	list := set.Scopes
	if apart, ok := list.(stores.ScopesOf); ok {
		list = apart[stores.RoleGraph] // whose nouns have vectors, nearly all
	}
	scopes, err := list.Scopes(ctx)
	return len(scopes) > 0, err
}
