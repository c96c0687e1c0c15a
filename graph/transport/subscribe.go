package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operations are what runs on a socket.
type operations struct {
	mu sync.Mutex
	// byID has those that the client still wants.
	byID map[string]*operation
	// running has a place for each of them and for as many that were stopped and have not ended yet. While it is full
	// nobody listens to the client.
	running chan struct{}
}

// operation is a query, a mutation or a subscription on a socket.
type operation struct {
	id      string
	quoted  []byte // id in JSON
	ctx     context.Context
	cancel  context.CancelFunc
	stopped atomic.Bool // by the client, who is to hear nothing more of it
}

// subscribe starts an operation. What is no request at all closes the socket; what HTTP refuses with another status is
// an error of this operation.
func (s *socket) subscribe(m message) {
	if s.session == nil {
		s.end(CloseUnauthorized, "Unauthorized")
		return
	}
	params, fault := decodeBody(m.payload)
	if fault == nil && params.Query == "" {
		fault = s.missingQuery(params)
	}
	if fault != nil && fault.code == CodeBadRequest {
		s.end(CloseBadMessage, fault.message)
		return
	}
	o := &operation{id: m.id}
	o.quoted, _ = json.Marshal(m.id)
	o.ctx, o.cancel = context.WithCancel(s.session)
	if fault == nil {
		fault = s.start(o)
	}
	switch {
	case fault == errDuplicate:
		s.end(CloseDuplicate, "Subscriber for "+m.id+" already exists")
	case fault != nil:
		s.fail(o, s.exec.DispatchError(o.ctx, gqlerror.List{coded(fault.code, fault.message)}))
		o.cancel()
	default:
		params.Headers = s.r.Header
		select {
		case s.running <- struct{}{}:
			s.work.Go(func() { s.run(o, params) })
		case <-s.ended.Done():
		}
	}
}

var errDuplicate = &fault{}

// start makes room for an operation, if its id is free and the client has not too many.
func (s *socket) start(o *operation) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[o.id] != nil {
		return errDuplicate
	}
	if len(s.byID) >= s.options.Operations {
		return tooManyOperations(s.options.Operations)
	}
	s.byID[o.id] = o
	return nil
}

// free makes the id of an operation free for another.
func (s *socket) free(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[o.id] == o {
		delete(s.byID, o.id)
	}
}

// stop ends an operation that its client is done with. One that is unknown may just have been completed.
func (s *socket) stop(id string) {
	s.mu.Lock()
	o := s.byID[id]
	s.mu.Unlock()
	if o == nil {
		return
	}
	o.stopped.Store(true)
	o.cancel()
	s.free(o)
}

// run executes an operation to its end. An operation that was stopped, or ends with the socket, is not complete.
func (s *socket) run(o *operation, params *graphql.RawParams) {
	defer s.over(o)
	ctx := graphql.StartOperationTrace(o.ctx)
	params.ReadTime.Start, params.ReadTime.End = graphql.GetStartTime(ctx), graphql.Now()
	op, errs := s.exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	if len(errs) > 0 {
		s.fail(o, s.exec.DispatchError(ctx, explain(op, errs)))
		return
	}
	responses, ctx := s.exec.DispatchOperation(withNames(ctx, ""), op)
	for response := responses(ctx); response != nil && o.ctx.Err() == nil; response = responses(ctx) {
		takeName(ctx)
		if !hasData(response) { // it never ran
			s.fail(o, response)
			return
		}
		head, data, tail := encode(response)
		if !s.tell(o, typeNext, head, data, tail) {
			return
		}
	}
	if o.ctx.Err() == nil {
		s.free(o)
		s.tell(o, typeComplete)
	}
}

// over gives back what an operation held. A panic of the edge or of an extension costs this operation only.
func (s *socket) over(o *operation) {
	if v := recover(); v != nil {
		s.fail(o, s.panicked(o.ctx, v))
	}
	o.cancel()
	s.free(o)
	<-s.running
}

// fail ends an operation with the errors of a response. Nothing may follow, not even that it is complete.
func (s *socket) fail(o *operation, r *graphql.Response) {
	s.free(o)
	s.tell(o, typeError, marshalErrors(r.Errors))
}

// tell queues a message about an operation.
func (s *socket) tell(o *operation, kind string, payload ...[]byte) bool {
	return s.put(o.ctx, outgoing{frame(kind, o.quoted, payload...), &o.stopped})
}

func tooManyOperations(limit int) *fault {
	return &fault{
		code:    CodeTooManyOperations,
		message: fmt.Sprintf("%d operations run on this WebSocket already: complete one of them, or open another WebSocket.", limit),
	}
}
