package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// lingering is how long a socket that is to close may take over it: over the last messages and the closing handshake.
const lingering = time.Second

// socket is one WebSocket: a goroutine that reads, one that writes, and one for each operation. None outlives serve.
//
// Whatever closes it calls end, which stops the operations; the writer then sends what is left and the close frame.
type socket struct {
	*exchange
	conn *websocket.Conn
	raw  net.Conn // under conn
	out  *outbox
	work sync.WaitGroup
	// ended is done when the socket is to close, for the reason in code and why.
	ended  context.Context
	cancel context.CancelFunc
	once   sync.Once
	code   websocket.StatusCode
	why    string
	linger *time.Timer
	// unanswered counts pings since the last pong.
	unanswered atomic.Int32

	// Of the reader alone.
	//
	// session is the context of the operations; nil until connection_init is accepted.
	session  context.Context
	release  context.CancelFunc // of the session
	patience *time.Timer        // until connection_init is accepted

	operations
}

func newSocket(x *exchange, conn *websocket.Conn, raw net.Conn) *socket {
	s := &socket{exchange: x, conn: conn, raw: raw, out: newOutbox()}
	s.operations = operations{byID: make(map[string]*operation), running: make(chan struct{}, 2*x.options.Operations)}
	// The end of the request's context closes the socket in good order instead of cutting its operations short.
	s.ended, s.cancel = context.WithCancel(context.WithoutCancel(x.r.Context()))
	return s
}

// serve runs the socket until it is closed.
func (s *socket) serve() {
	defer s.wait()
	defer s.end(CloseInternalError, internalMessage) // where nobody did: the reader panicked
	defer context.AfterFunc(s.r.Context(), func() { s.end(CloseShutdown, "service restart") })()
	s.patience = time.AfterFunc(s.options.InitTimeout, func() {
		s.end(CloseInitTimeout, "Connection initialisation timeout")
	})
	defer s.patience.Stop()
	s.work.Go(s.writeLoop)
	s.readLoop()
}

// wait returns when everything that belongs to the socket has ended.
func (s *socket) wait() {
	s.work.Wait()
	s.linger.Stop()
	if s.release != nil {
		s.release()
	}
}

// end closes the socket, the first time that it is called: it says why, stops the operations, and sees to it that the
// connection is gone soon, even when the client reads nothing.
func (s *socket) end(code websocket.StatusCode, why string) {
	s.once.Do(func() {
		s.code, s.why = code, shortened(why)
		s.linger = time.AfterFunc(lingering, func() { _ = s.raw.Close() })
		s.cancel()
	})
}

// readLoop handles messages until the socket ends.
func (s *socket) readLoop() {
	for s.ended.Err() == nil {
		kind, raw, err := s.next()
		if err != nil {
			s.end(websocket.StatusNormalClosure, "")
			return
		}
		if limit := s.options.MaxBody; int64(len(raw)) > limit {
			s.end(websocket.StatusMessageTooBig, fmt.Sprintf("The message is larger than the %d bytes accepted.", limit))
			return
		}
		m, problem := parseMessage(kind, raw)
		if problem != "" {
			s.end(CloseBadMessage, problem)
			return
		}
		s.receive(m)
	}
}

// next reads a message. Of one that is too large it reads a byte more than is accepted.
func (s *socket) next() (kind websocket.MessageType, raw []byte, err error) {
	// No context: its end would cut the connection, and with it the close frame.
	kind, message, err := s.conn.Reader(context.Background())
	if err != nil {
		return 0, nil, err
	}
	raw, err = io.ReadAll(io.LimitReader(message, s.options.MaxBody+1))
	return kind, raw, err
}

// receive does what a message asks for.
func (s *socket) receive(m message) {
	switch m.kind {
	case typePing:
		s.pong(m)
	case typePong:
		s.unanswered.Store(0)
	case typeInit:
		s.init(m)
	case typeSubscribe:
		s.subscribe(m)
	case typeComplete:
		s.stop(m.id)
	}
}

func (s *socket) pong(ping message) {
	if ping.payload == nil {
		s.put(s.ended, outgoing{data: frame(typePong, nil)})
		return
	}
	s.put(s.ended, outgoing{data: frame(typePong, nil, ping.payload)})
}

// init accepts the connection, or closes the socket.
func (s *socket) init(m message) {
	if s.session != nil {
		s.end(CloseSecondInit, "Too many initialisation requests")
		return
	}
	session, err := s.authorize(m)
	if err != nil {
		s.end(CloseForbidden, forbidden(err))
		return
	}
	s.session, s.release = s.options.Until(session)
	over := func() { s.end(CloseForbidden, context.Cause(s.session).Error()) }
	if s.session.Err() != nil {
		over()
		return
	}
	context.AfterFunc(s.session, over) // which does nothing where the socket has ended
	s.patience.Stop()
	s.put(s.ended, outgoing{data: frame(typeAck, nil)})
}

// authorize asks the server's owner about a connection_init.
func (s *socket) authorize(m message) (context.Context, error) {
	var payload map[string]any
	if m.payload != nil {
		if err := json.Unmarshal(m.payload, &payload); err != nil {
			return nil, err
		}
	}
	return s.options.Init(s.ended, payload)
}

// forbidden is what a client is told about a refused connection_init: no more than was meant for it.
func forbidden(err error) string {
	if e, ok := errors.AsType[*gqlerror.Error](err); ok && e.Extensions["code"] != nil {
		return e.Message
	}
	return "Forbidden"
}

// put queues a message for the writer, unless ctx ends first. A client that reads so slowly that no room is found for
// it loses the socket: it may come again and go on after the last event it has.
func (s *socket) put(ctx context.Context, m outgoing) bool {
	ctx, cancel := context.WithTimeoutCause(ctx, s.options.WriteTimeout/2, errSlowReader)
	defer cancel()
	err := s.out.put(ctx, m)
	if err != nil && errors.Is(context.Cause(ctx), errSlowReader) {
		s.end(CloseSlowReader, resumeFromCursor)
	}
	return err == nil
}

const resumeFromCursor = "resume from cursor"

var errSlowReader = errors.New("the client reads too slowly")

// writeLoop sends messages and pings until the socket ends, and then closes it.
func (s *socket) writeLoop() {
	ping := time.NewTicker(s.options.Ping)
	defer ping.Stop()
	for {
		select {
		case <-s.ended.Done():
			s.close()
			return
		case m := <-s.out.messages:
			s.deliver(m)
		case <-ping.C:
			if s.unanswered.Add(1) > 2 {
				s.end(CloseNoPong, "no pong")
			} else {
				s.send(frame(typePing, nil))
			}
		}
	}
}

// deliver sends a message of the outbox.
func (s *socket) deliver(m outgoing) {
	defer s.out.written(m)
	if m.stopped == nil || !m.stopped.Load() {
		s.send(m.data)
	}
}

// send writes a message. A client that takes too long for it loses the socket, and without a word: the close frame
// cannot stand amid a message.
func (s *socket) send(data []byte) {
	_ = s.raw.SetWriteDeadline(time.Now().Add(s.options.WriteTimeout))
	defer func() { _ = s.raw.SetWriteDeadline(time.Time{}) }() // replies to control frames have deadlines of their own
	if s.conn.Write(context.Background(), websocket.MessageText, data) != nil {
		s.end(CloseSlowReader, resumeFromCursor)
	}
}

// close sends what is left, unless the client was too slow for it already, and goes through the closing handshake.
func (s *socket) close() {
	for s.code != CloseSlowReader && len(s.out.messages) > 0 {
		s.deliver(<-s.out.messages)
	}
	_ = s.conn.Close(s.code, s.why)
}
