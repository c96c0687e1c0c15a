package transfer

import (
	"crypto/sha1" //nolint:gosec // what UUID version 5 is made of; nothing is kept secret by it
	"encoding/hex"
	"strings"

	"thalamus/stores"
)

// namespace is the UUID under which the ids of nouns without one are made: 3f9d3c5e-6c1b-5d0a-9f5e-2b7a4d1c8e60.
var namespace = [16]byte{0x3f, 0x9d, 0x3c, 0x5e, 0x6c, 0x1b, 0x5d, 0x0a, 0x9f, 0x5e, 0x2b, 0x7a, 0x4d, 0x1c, 0x8e, 0x60}

// madeID is a UUIDv5 (RFC 9562 §5.5) of what tells a noun from others, so that another import of the same file makes the
// same id.
func madeID(s stores.Scope, kind stores.Kind, parts ...string) stores.ID {
	h := sha1.New() //nolint:gosec // see above
	h.Write(namespace[:])
	h.Write([]byte(strings.Join(append([]string{s.Key(), string(kind)}, parts...), "\n")))
	b := h.Sum(nil)[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	t := hex.EncodeToString(b)
	return stores.ID(t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:])
}
