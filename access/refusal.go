package access

import "fmt"

// Refusal says why a caller is not let in. Its message is for the client; neither text repeats anything of a token or key.
type Refusal struct {
	Reason  Reason
	Message string
	Why     string // for the log alone; empty: what the message says
}

func (r *Refusal) Error() string { return r.Message }

// Reason is a kind of refusal. There are few, so that they can be counted.
type Reason string

// Reasons for a refusal.
const (
	ReasonMissing   Reason = "missing"   // there are no credentials where some are needed
	ReasonMalformed Reason = "malformed" // what there is cannot be a token or key
	ReasonUnknown   Reason = "unknown"   // an API key that is not on file
	ReasonInvalid   Reason = "invalid"   // a token whose signature or claims do not hold
	ReasonExpired   Reason = "expired"   // a token or key whose time is over
	ReasonScope     Reason = "scope"     // a scope that the caller may not choose
	ReasonHeaders   Reason = "headers"   // headers that cannot be read
)

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
