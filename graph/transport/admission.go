package transport

import "net/http"

// CodeUnauthenticated is the value of extensions.code of a request that does not say who it comes from.
const CodeUnauthenticated = "UNAUTHENTICATED"

// Refusal is how a request is answered that is not admitted.
type Refusal struct {
	Status        int
	Code, Message string
	Header        [2]string // one that the status calls for, as name and value; may be empty
}

// admitted asks Options.Admit for the context of the request, or refuses it. A preflight is never asked: browsers send it
// without credentials.
func (x *exchange) admitted() bool {
	if x.options.Admit == nil || x.r.Method == http.MethodOptions {
		return true
	}
	ctx, refusal := x.options.Admit(x.r)
	if refusal != nil {
		x.refuse(x.r.Context(), &fault{status: refusal.Status, code: refusal.Code, message: refusal.Message, header: refusal.Header})
		return false
	}
	x.r = x.r.WithContext(ctx)
	return true
}
