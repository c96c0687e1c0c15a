package sample_test

import (
	"flag"
	"os"
	"testing"

	"thalamus/transfer/sample"
)

var out = flag.String("out", "", "write the memory that docs/operations.md speaks of to this file")

// TestWrite makes the memory of the measurements:
//
//	go test ./transfer/sample -out /tmp/large.jsonl
func TestWrite(t *testing.T) {
	name := *out
	if name == "" {
		name = t.TempDir() + "/large.jsonl"
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.Write(f, sample.Size{Entities: 2_000, Episodes: 10_000, Relationships: 50_000}); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if mb := float64(info.Size()) / 1e6; mb < 34 || mb > 35.5 {
		t.Errorf("%.1f MB, want 34.6", mb)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
