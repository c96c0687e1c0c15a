package transport

import (
	"context"
	"net/http"
	"strings"

	gqltransport "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"
)

// subprotocol is the only one spoken (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). gqlgen also
// knows the one before it, and would fall back to it for clients that name none.
const subprotocol = "graphql-transport-ws"

// closeForbidden is the code with which a socket closes when its connection_init is not accepted.
const closeForbidden = 4403

var errHandshake = &fault{
	status: http.StatusUpgradeRequired, code: CodeBadRequest, header: [2]string{"Sec-WebSocket-Version", "13"},
	message: "This is not a WebSocket handshake of version 13.",
}

var errSubprotocol = badRequest("Name the WebSocket subprotocol graphql-transport-ws.")

// newWebsocket is gqlgen's transport for graphql-transport-ws, over which queries and mutations run, too.
func newWebsocket(o Options) gqltransport.Websocket {
	ws := gqltransport.Websocket{
		Implementation:   acceptor{},
		InitTimeout:      o.InitTimeout,
		PingPongInterval: o.Ping,
		PayloadReadLimit: &o.MaxBody,
	}
	if o.Init != nil {
		ws.InitFunc = forbidding(o.Init)
	}
	return ws
}

// forbidding gives a refused connection_init its close code, unless init chose another, and a context, without which
// gqlgen would panic.
func forbidding(init gqltransport.WebsocketInitFunc) gqltransport.WebsocketInitFunc {
	return func(ctx context.Context, payload gqltransport.InitPayload) (context.Context, *gqltransport.InitPayload, error) {
		ctx = gqltransport.WithWebsocketCloseCode(ctx, closeForbidden)
		accepted, ack, err := init(ctx, payload)
		if accepted == nil {
			accepted = ctx
		}
		return accepted, ack, err
	}
}

// acceptor upgrades a connection whose origin and subprotocol upgrade has checked.
type acceptor struct{}

func (acceptor) Accept(
	w http.ResponseWriter, r *http.Request, o gqltransport.WebsocketAcceptOptions,
) (gqltransport.WebsocketConn, error) {
	o.Subprotocols = []string{subprotocol}
	return gqltransport.CoderWebsocketImplementation{
		AcceptOptions: websocket.AcceptOptions{InsecureSkipVerify: true},
	}.Accept(w, r, o)
}

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
	default:
		x.started = true
		x.websocket.Do(x.w, x.r, x.exec)
	}
}

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
