package qdrant

import (
	"context"

	pb "github.com/qdrant/go-client/qdrant"
)

// Drop deletes the collections, whoever made them.
func (v *Vectors) Drop(ctx context.Context) error {
	for _, c := range collections {
		_, err := v.client.Collections().Delete(ctx, &pb.DeleteCollection{CollectionName: v.collection(c)})
		if err != nil {
			return err
		}
	}
	return nil
}
