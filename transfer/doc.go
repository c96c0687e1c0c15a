// Package transfer reads memories from files and writes them to files. The formats are described in docs/formats.md:
// thalamus-memory, which holds everything and comes back as it was, and the file of the Model Context Protocol's memory
// server, which is read only. Both are JSON Lines, and what a line is shows in the line, so that a file may mix them.
package transfer

import (
	"fmt"
	"time"

	"thalamus/stores"
)

// The name and version of our own format, as the header line says them.
const (
	Format  = "thalamus-memory"
	Version = 1
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 16 << 20

// Report says what became of an import or an export.
type Report struct {
	Lines     int                 // that hold something: without headers and blank lines
	Written   map[stores.Kind]int // nouns that are new or were changed; of an export, nouns in the file
	Unchanged map[stores.Kind]int // nouns that were stored like this already, and lines said twice
	Bad       int                 // lines that were refused
	Elapsed   time.Duration
}

func newReport() Report {
	return Report{Written: map[stores.Kind]int{}, Unchanged: map[stores.Kind]int{}}
}

// BadLine is a line that was refused. Lines are counted from 1.
type BadLine struct {
	Line   int
	Reason string // for people
}

func (b BadLine) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Reason) }

// Progress is how far an import has come.
type Progress struct {
	Lines    int   // read from the file, blank ones included
	Bytes    int64 // read from the file
	Done     int   // lines whose fate is known
	Deferred int   // lines that wait for something further down
}
