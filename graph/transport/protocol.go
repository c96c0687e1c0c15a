package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// subprotocol is the only one spoken (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
const subprotocol = "graphql-transport-ws"

// The codes with which this server closes WebSockets. Those of the protocol keep its numbers.
const (
	CloseBadMessage    websocket.StatusCode = 4400
	CloseUnauthorized  websocket.StatusCode = 4401 // an operation before the connection was acknowledged
	CloseForbidden     websocket.StatusCode = 4403 // connection_init was refused, or what it brought has expired
	CloseInitTimeout   websocket.StatusCode = 4408
	CloseDuplicate     websocket.StatusCode = 4409 // the id of an operation that is still running
	CloseSecondInit    websocket.StatusCode = 4429
	CloseSlowReader    websocket.StatusCode = 4490 // what was not read is to be asked for again
	CloseNoPong        websocket.StatusCode = 4499
	CloseShutdown                           = websocket.StatusServiceRestart
	CloseInternalError                      = websocket.StatusInternalError
)

// maxReason is the length in bytes of the longest reason that fits into a close frame.
const maxReason = 123

// maxID is the length in bytes of the longest id: it comes back with every message of its operation.
const maxID = 256

// The types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// message is what a client says.
type message struct {
	kind    string
	id      string          // of an operation: given where the type has one
	payload json.RawMessage // a JSON object, or nil
}

// parseMessage reads a message and checks its shape. A problem is the reason to close with CloseBadMessage.
func parseMessage(frame websocket.MessageType, raw []byte) (m message, problem string) {
	var members map[string]json.RawMessage
	switch {
	case frame != websocket.MessageText:
		return m, "Messages must be text, not binary."
	case !utf8.Valid(raw):
		return m, "The message is not valid UTF-8."
	case json.Unmarshal(raw, &members) != nil || members == nil:
		return m, "The message is not a JSON object."
	case members["type"] == nil || json.Unmarshal(members["type"], &m.kind) != nil:
		return m, "The message has no type."
	}
	return m, m.take(members)
}

// take fills in what messages of the type have.
func (m *message) take(members map[string]json.RawMessage) (problem string) {
	payload := bytes.TrimSpace(members["payload"])
	if len(payload) > 0 && payload[0] == '{' {
		m.payload = payload
	}
	switch m.kind {
	case typeInit, typePing, typePong:
		if m.payload == nil && len(payload) > 0 && string(payload) != "null" {
			return fmt.Sprintf("The payload of %s must be an object.", m.kind)
		}
		return ""
	case typeSubscribe:
		if m.payload == nil {
			return "The payload of subscribe must be an object."
		}
	case typeComplete:
	default:
		return fmt.Sprintf("A client sends no messages of the type %.40q.", m.kind)
	}
	if json.Unmarshal(members["id"], &m.id) != nil || m.id == "" || len(m.id) > maxID {
		return fmt.Sprintf("%s needs an id: a string of 1 to %d bytes.", m.kind, maxID)
	}
	return ""
}

// frame puts a message together. The id is a JSON string, and the parts of the payload are JSON when joined; both may be
// missing.
func frame(kind string, id []byte, payload ...[]byte) []byte {
	size := len(kind) + len(id) + 32
	for _, p := range payload {
		size += len(p)
	}
	out := append(append(append(make([]byte, 0, size), `{"type":"`...), kind...), '"')
	if id != nil {
		out = append(append(out, `,"id":`...), id...)
	}
	if len(payload) > 0 {
		out = append(out, `,"payload":`...)
		for _, p := range payload {
			out = append(out, p...)
		}
	}
	return append(out, '}')
}

// shortened cuts a text so that it fits into a close frame, after a word where there is one.
func shortened(text string) string {
	if len(text) <= maxReason {
		return text
	}
	const more = "…"
	cut := strings.ToValidUTF8(text[:maxReason-len(more)], "")
	if end := strings.LastIndexByte(cut, ' '); end > maxReason/2 {
		cut = cut[:end]
	}
	return cut + more
}
