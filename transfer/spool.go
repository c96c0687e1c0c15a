package transfer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// spool keeps lines for later in a temporary file, so that any number of them may wait. The file is there only while
// lines are waiting.
type spool struct {
	file  *os.File
	out   *bufio.Writer
	count int
}

// put adds a line with its number.
func (s *spool) put(at int, text []byte) error {
	if s.file == nil {
		f, err := os.CreateTemp("", "thalamus-import-*.jsonl")
		if err != nil {
			return err
		}
		s.file, s.out = f, bufio.NewWriter(f)
	}
	head := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(at)), uint64(len(text)))
	if _, err := s.out.Write(head); err != nil {
		return err
	}
	_, err := s.out.Write(text)
	s.count++
	return err
}

// each hands out all lines in the order in which they came. The text is the callee's to keep.
func (s *spool) each(fn func(at int, text []byte) error) error {
	if s.file == nil {
		return nil
	}
	if err := s.out.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReader(s.file)
	for range s.count {
		at, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		if err := fn(int(at), text); err != nil {
			return err
		}
	}
	return nil
}

// close removes the file.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := errors.Join(s.file.Close(), os.Remove(name))
	s.file = nil
	return err
}
