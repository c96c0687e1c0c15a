package model

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"thalamus/stores"
)

// Signer signs cursors, so that a client can only come back to a place it was given, in the scope it was given it.
type Signer struct {
	key    []byte
	hiding cipher.Block
}

// NewSigner makes a signer from a secret of at least 16 bytes that every gateway on the same stores shares.
func NewSigner(key []byte) *Signer {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("to hide what cursors hold"))
	hiding, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		panic("model: " + err.Error()) // 32 bytes are a key
	}
	return &Signer{key: key, hiding: hiding}
}

// blockSize is how much is hidden at once. One block stands by itself, and equal ones look alike: so cursors can be compared.
const blockSize = aes.BlockSize

// hide makes a block unreadable for others than [Signer.show].
func (g *Signer) hide(plain [blockSize]byte) (hidden [blockSize]byte) {
	g.hiding.Encrypt(hidden[:], plain[:])
	return hidden
}

func (g *Signer) show(hidden [blockSize]byte) (plain [blockSize]byte) {
	g.hiding.Decrypt(plain[:], hidden[:])
	return plain
}

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
