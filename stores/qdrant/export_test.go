package qdrant

import (
	"context"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
)

// Dialing makes Open connect with more options.
func Dialing(o Options, more ...grpc.DialOption) Options {
	o.dialing = more
	return o
}

// Client is the vendor's client under the engine.
func (v *Vectors) Client() *pb.GrpcClient { return v.client }

// DenseVector is the name of the dense vectors of an embedder.
var DenseVector = denseVector

// CollectionName is the name of a collection on the server.
var CollectionName = (*config).collection

// Drop deletes the collections, whoever made them.
func Drop(ctx context.Context, url string) error {
	c, err := parseURL(url)
	if err != nil {
		return err
	}
	v := &Vectors{config: c}
	if err := v.dial(); err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	for _, of := range collections {
		_, err := v.client.Collections().Delete(ctx, &pb.DeleteCollection{CollectionName: v.collection(of)})
		if err != nil {
			return err
		}
	}
	return nil
}

// Found says whether a keyword search for a question finds a text.
func Found(text, question string) bool {
	indexed := map[uint32]bool{}
	for _, i := range indexedWords(text).indices {
		indexed[i] = true
	}
	for _, i := range searchedWords(question).indices {
		if indexed[i] {
			return true
		}
	}
	return false
}
