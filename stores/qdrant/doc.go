// Package qdrant keeps vectors in a Qdrant server, over gRPC.
//
// Each noun has a collection, named by a prefix and the noun, with two named vectors: "dense" is compared by cosine,
// "words" is sparse and weighted by the server's inverse document frequencies. The embedder that made the dense vectors
// is written into the metadata of each collection, where it lives and dies with them.
//
// Ids are unique within a scope only, and Qdrant's within a collection, so a point's id is a UUIDv5 of scope and id; the
// true id is in the payload. Every request is bound to its scope by one condition that [Vectors.within] adds, and every
// point that comes back is checked for it.
package qdrant
