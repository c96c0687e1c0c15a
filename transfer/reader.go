package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lineReader cuts a stream into lines without ever holding more than one.
type lineReader struct {
	in    *bufio.Reader
	buf   []byte
	line  int   // number of the last line
	bytes int64 // read so far
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{in: bufio.NewReaderSize(r, 64<<10)} }

var byteOrderMark = []byte("\ufeff")

// next reads one line, without surrounding white space. It is valid until the next call. Of a line over [MaxLine] only
// the fact is known. The end is [io.EOF].
func (r *lineReader) next() (text []byte, tooLong bool, err error) {
	r.buf = r.buf[:0]
	for started := false; ; started = true {
		part, err := r.in.ReadSlice('\n')
		r.bytes += int64(len(part))
		if tooLong = tooLong || len(r.buf)+len(part) > MaxLine+1; !tooLong {
			r.buf = append(r.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (started || len(part) > 0): // a last line without its break
		case err != nil:
			return nil, false, err
		}
		r.line++
		if r.line == 1 {
			r.buf = bytes.TrimPrefix(r.buf, byteOrderMark)
		}
		return bytes.TrimSpace(r.buf), tooLong, nil
	}
}
