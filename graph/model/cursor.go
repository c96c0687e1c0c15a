package model

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"thalamus/stores"
)

// Signer signs cursors, so that a client can only come back to a place it was given, in the scope it was given it.
type Signer struct{ key []byte }

// NewSigner makes a signer from a secret of at least 16 bytes that every gateway on the same stores shares.
func NewSigner(key []byte) *Signer { return &Signer{key: key} }

const signatureSize = 12

// Sign makes a cursor for clients.
func (g *Signer) Sign(s stores.Scope, c stores.Cursor) string {
	return base64.RawURLEncoding.EncodeToString(append(g.mac(s, string(c)), c...))
}

// Verify reads a cursor that a client sent; name is the argument it came in.
func (g *Signer) Verify(s stores.Scope, name, cursor string) (stores.Cursor, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor) // which reads some texts alike
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != cursor || len(b) <= signatureSize || !hmac.Equal(b[:signatureSize], g.mac(s, string(b[signatureSize:]))) {
		return "", stores.Invalid(name, "is not a cursor of this list; start again without it")
	}
	return stores.Cursor(b[signatureSize:]), nil
}

func (g *Signer) mac(s stores.Scope, cursor string) []byte {
	h := hmac.New(sha256.New, g.key)
	h.Write([]byte(s.Key() + "\x00" + cursor))
	return h.Sum(nil)[:signatureSize]
}
