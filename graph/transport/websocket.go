package transport

import (
	"bufio"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

var errHandshake = &fault{
	status: http.StatusUpgradeRequired, code: CodeBadRequest, header: [2]string{"Sec-WebSocket-Version", "13"},
	message: "This is not a WebSocket handshake of version 13.",
}

var errSubprotocol = badRequest("Name the WebSocket subprotocol graphql-transport-ws.")

// upgrade serves a WebSocket until it closes. Browsers send no preflight for one, so the origin is checked here.
func (x *exchange) upgrade() {
	header := x.r.Header
	origin := header.Get("Origin")
	switch {
	case x.r.Method != http.MethodGet || header.Get("Sec-WebSocket-Version") != "13" || header.Get("Sec-WebSocket-Key") == "":
		x.refuse(x.r.Context(), errHandshake)
	case origin != "" && !x.welcomes(origin):
		x.refuse(x.r.Context(), errOrigin)
	case !hasToken(header, "Sec-WebSocket-Protocol", subprotocol):
		x.refuse(x.r.Context(), errSubprotocol)
	case !x.admit():
		x.refuse(x.r.Context(), errTooManyConnections)
	default:
		defer x.release()
		ctx, ended := x.begin(x.r.Context(), ViaSocket)
		end := EndFault // where nobody says otherwise: something panicked
		defer func() { ended(end) }()
		x.r = x.r.WithContext(ctx)
		x.started = true
		end = x.accept()
	}
}

// accept makes a WebSocket of the connection, serves it, and tells why it has ended.
func (x *exchange) accept() End {
	h := &hijacker{ResponseWriter: x.w}
	conn, err := websocket.Accept(h, x.r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, // the origin was checked
	})
	if err != nil {
		return EndRefused // it has answered
	}
	conn.SetReadLimit(-1) // the socket has its own, and says which
	s := newSocket(x, conn, h.conn)
	s.serve()
	return s.endOf()
}

// hijacker keeps hold of the connection under a WebSocket: only there can a write that got stuck be cut short.
type hijacker struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack takes over the connection.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, buffer, err
}

// admit takes one of the places for connections that last, if one is left.
func (h *Handler) admit() bool {
	if h.lasting.Add(1) <= int64(h.options.Sockets) {
		return true
	}
	h.release()
	return false
}

func (h *Handler) release() { h.lasting.Add(-1) }

// WantsWebSocket reports whether a request asks to become a WebSocket. Other upgrades, such as curl's offer of h2c, are
// requests like any other.
func WantsWebSocket(r *http.Request) bool {
	return hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

// hasToken reports whether a header that is a list of tokens has one of them.
func hasToken(header http.Header, name, token string) bool {
	for _, value := range header.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
