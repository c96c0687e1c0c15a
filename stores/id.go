package stores

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// ID is the key of a node in every store: a UUID in its canonical lower-case form.
type ID string

var lastID struct {
	sync.Mutex
	stamp uint64
}

// NewID makes a UUIDv7 (RFC 9562 §5.7). Ids made by one process rise strictly: the 12 bits after the millisecond count
// the fraction of it (method 3 of §6.2) and step by one when two ids fall on the same tick.
func NewID() ID {
	now := time.Now()
	stamp := uint64(now.UnixMilli())<<12 | uint64(now.Nanosecond()%1e6)*4096/1e6
	lastID.Lock()
	if stamp <= lastID.stamp {
		stamp = lastID.stamp + 1
	}
	lastID.stamp = stamp
	lastID.Unlock()

	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], stamp>>12<<16|0x7000|stamp&0xfff)
	_, _ = rand.Read(b[8:]) // crypto/rand.Read never fails: it ends the process instead
	b[8] = b[8]&0x3f | 0x80
	return formatID(b)
}

// ParseID reads a UUID of any version, in any case.
func ParseID(s string) (ID, error) {
	var b [16]byte
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return "", Invalid("id", "%q is not a UUID (like 0190a3b2-7c11-7def-8123-456789abcdef)", clip(s, 60))
	}
	if _, err := hex.Decode(b[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return "", Invalid("id", "%q is not a UUID (like 0190a3b2-7c11-7def-8123-456789abcdef)", clip(s, 60))
	}
	return formatID(b), nil
}

func formatID(b [16]byte) ID {
	return ID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

// Now is the current instant as the stores keep it: UTC, microseconds.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
