package transfer_test

import (
	"bytes"
	"io"
	"testing"

	"thalamus/transfer"
	"thalamus/transfer/sample"
)

// BenchmarkImport tells how long a large memory takes: once into empty stores, once more where it is stored already, and
// out again.
//
//	go test ./transfer -run '^$' -bench . -benchtime 1x
func BenchmarkImport(b *testing.B) {
	var file bytes.Buffer
	if err := sample.Write(&file, sample.Size{Entities: 2_000, Episodes: 10_000, Relationships: 50_000}); err != nil {
		b.Fatal(err)
	}
	b.Run("new", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			m := fresh(b)
			b.StartTimer()
			if out := m.load(bytes.NewReader(file.Bytes())); out.Bad > 0 || total(out.Written) != 62_000 {
				b.Fatalf("%+v %v", out.Report, out.bad[:1])
			}
		}
	})
	m := fresh(b)
	m.load(bytes.NewReader(file.Bytes()))
	b.Run("again", func(b *testing.B) {
		for range b.N {
			if out := m.load(bytes.NewReader(file.Bytes())); total(out.Unchanged) != 62_000 {
				b.Fatalf("%+v", out.Report)
			}
		}
	})
	b.Run("export", func(b *testing.B) {
		for range b.N {
			if _, err := transfer.Export(b.Context(), io.Discard, transfer.ExportOptions{Set: m.set}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
