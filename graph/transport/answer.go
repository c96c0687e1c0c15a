package transport

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// chunk is how much is written under one write deadline.
const chunk = 64 << 10

// hasData reports whether a response has its data entry. It has none when the operation never ran; a response without
// errors always has one.
func hasData(r *graphql.Response) bool { return len(r.Data) > 0 || len(r.Errors) == 0 }

// statusOf is the HTTP status of a well-formed request's answer. In application/json it is always 200, because
// intermediaries that know nothing of GraphQL speak that type, too; the newer type tells a refused operation by 400.
func statusOf(f form, r *graphql.Response) int {
	if f == graphqlJSON && !hasData(r) {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// encode returns a response in three parts: what comes before data, data itself, and what comes after. The executor's
// data is JSON already and is passed on as it is; marshalling it again would cost more than all the rest.
func encode(r *graphql.Response) (head, data, tail []byte) {
	head = append(make([]byte, 0, 256), '{')
	if len(r.Errors) > 0 {
		head = append(append(head, `"errors":`...), marshalErrors(r.Errors)...)
	}
	if hasData(r) {
		if len(r.Errors) > 0 {
			head = append(head, ',')
		}
		head = append(head, `"data":`...)
		if data = r.Data; len(data) == 0 {
			data = []byte("null")
		}
	}
	if len(r.Extensions) > 0 {
		if extensions, err := json.Marshal(r.Extensions); err == nil {
			tail = append(append(tail, `,"extensions":`...), extensions...)
		} else {
			slog.Error("the extensions of a response cannot be encoded and are left out", "error", err)
		}
	}
	return head, data, append(tail, '}')
}

// marshalErrors encodes errors, replacing by an internal one any whose extensions cannot be encoded.
func marshalErrors(errs gqlerror.List) []byte {
	if encoded, err := json.Marshal(errs); err == nil {
		return encoded
	}
	var out bytes.Buffer
	out.WriteByte('[')
	for i, e := range errs {
		if i > 0 {
			out.WriteByte(',')
		}
		encoded, err := json.Marshal(e)
		if err != nil {
			slog.Error("an error cannot be encoded", "error", e, "reason", err)
			encoded, _ = json.Marshal(coded(CodeInternal, internalMessage))
		}
		out.Write(encoded)
	}
	out.WriteByte(']')
	return out.Bytes()
}

// writeJSON writes the only response of a request. A client that has gone is not an error.
func (x *exchange) writeJSON(f form, status int, r *graphql.Response) {
	head, data, tail := encode(r)
	header := x.w.Header()
	header.Set("Content-Type", f.contentType())
	header.Set("Content-Length", strconv.Itoa(len(head)+len(data)+len(tail)))
	x.started = true
	x.w.WriteHeader(status)
	for _, part := range [][]byte{head, data, tail} {
		if x.write(part) != nil {
			return
		}
	}
}

// write sends p piece by piece, each under a deadline of its own, so that a client that has stopped reading is let go
// while a slow one is not.
func (x *exchange) write(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), chunk)
		x.allowTime()
		if _, err := x.w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// allowTime gives the client time for what is written next.
func (x *exchange) allowTime() {
	// A writer without deadlines, such as a test's recorder, cannot stall.
	_ = x.control.SetWriteDeadline(time.Now().Add(x.options.WriteTimeout))
}
