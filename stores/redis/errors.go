package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// temporary are the first words of replies that say that the server cannot serve anybody now.
var temporary = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "MISCONF", "NOREPLICAS", "UNKILLABLE", "MOVED", "ASK",
	"max number of clients reached", "Error running script",
}

// refusals are the first words of replies to callers that may not do what they try.
var refusals = []string{"WRONGPASS", "NOAUTH", "NOPERM", "AUTH ", "invalid password", "invalid username-password pair", "Client sent AUTH"}

// translate gives a driver's error its kind. Errors that already have one stay as they are. The context is the caller's:
// whether it has ended decides, for the driver's words about time are the same when the server was too slow.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if end := ended(ctx); end != nil {
		return end
	}
	var known *stores.Error
	var reply driver.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &reply):
		return translateReply(err)
	}
	// What is left are connections that cannot be made, break or stay silent, and clients that were closed.
	return stores.Unavailable(Name, plain(err))
}

// translateReply sorts what a server said.
func translateReply(err error) error {
	switch {
	case begins(err, "OOM"):
		return unavailable("the server's memory is full; raise its maxmemory, or let it evict (maxmemory-policy)", err)
	case begins(err, refusals...):
		return unavailable("the server refuses the user of the URL or what it does; correct them, or the user's rights", err)
	case begins(err, temporary...):
		return stores.Unavailable(Name, plain(err))
	}
	return fmt.Errorf("%s: %w", Name, plain(err))
}

// begins looks at the first words of a reply.
func begins(err error, words ...string) bool {
	for _, w := range words {
		if driver.HasErrorPrefix(err, w) {
			return true
		}
	}
	return false
}

// ended is the error of a context that has ended, or whose deadline has passed a moment before it notices.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// plain keeps an error's words only. Drivers wrap the errors of contexts of their own, which callers would take for the
// end of theirs.
func plain(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New(err.Error())
	}
	return err
}

func unavailable(message string, cause error) error {
	return &stores.Error{Kind: stores.ErrUnavailable, Message: message, Backend: Name, Cause: plain(cause)}
}

// rights are those that a user of the gateway needs, as ACL SETUSER takes them.
func (c config) rights() string {
	rights := fmt.Sprintf("~%s* &%s* +@read +@write +@connection +@pubsub +@scripting +time", c.prefix, c.prefix)
	if c.form == cluster {
		rights += " +cluster"
	}
	return rights
}

// refusedToOpen explains why a server cannot be used: what is wrong with the configuration is invalid, the rest is
// unavailable and names the servers.
func (c config) refusedToOpen(ctx context.Context, err error) error {
	if end := ended(ctx); err == nil || end != nil {
		return end
	}
	servers := strings.Join(c.hosts, ", ")
	var reply driver.Error
	switch {
	case errors.Is(err, stores.ErrInvalid) || begins(err, "OOM"):
		return err // which says what to do
	case begins(err, "NOPERM") && errors.As(err, &reply):
		return stores.Invalid("", "the user may not do all that the gateway does (%s): grant it %s", reply, c.rights())
	case begins(err, refusals...) && c.form == sentinel && !c.sentinelAuth:
		return stores.Invalid("", "%s or the master refuses the user or the password: correct them, and add sentinel_auth=true if the sentinels want them too", servers)
	case begins(err, refusals...):
		return stores.Invalid("", "%s refuses the user or the password: correct them", servers)
	case begins(err, "DB index is out of range", "invalid DB index"):
		return stores.Invalid("", "%s has no database %d; use a smaller number", servers, c.db)
	case begins(err, "unknown command"):
		return stores.Invalid("", "%s is too old, or no Redis: version %s or later is needed", servers, minVersion)
	case begins(err, "This instance has cluster support disabled"):
		return stores.Invalid("", "%s is not part of a cluster: write redis:// instead of redis+cluster://", servers)
	}
	var known *stores.Error
	if errors.As(err, &known) && known.Cause != nil {
		err = known.Cause // the rest is said here
	}
	return unavailable(fmt.Sprintf("the Redis at %s cannot be used; see that it runs and that the URL names it", servers), err)
}
