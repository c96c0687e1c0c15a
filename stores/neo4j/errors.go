package neo4j

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"thalamus/stores"
)

// Codes of the server that mean something here.
const (
	codeUnauthorized  = "Neo.ClientError.Security.Unauthorized"
	codeCredentials   = "Neo.ClientError.Security.CredentialsExpired"
	codeRateLimit     = "Neo.ClientError.Security.AuthenticationRateLimit"
	codeForbidden     = "Neo.ClientError.Security.Forbidden"
	codeNoDatabase    = "Neo.ClientError.Database.DatabaseNotFound"
	codeConstraint    = "Neo.ClientError.Schema.ConstraintValidationFailed"
	codeNotCreated    = "Neo.DatabaseError.Schema.ConstraintCreationFailed"
	codeEntityGone    = "Neo.ClientError.Statement.EntityNotFound"
	codeArgument      = "Neo.ClientError.Statement.ArgumentError"
	codeArithmetic    = "Neo.ClientError.Statement.ArithmeticError"
	classTransient    = "Neo.TransientError."
	classDatabase     = "Neo.DatabaseError."
	classTransaction  = "Neo.ClientError.Transaction."
	classCluster      = "Neo.ClientError.Cluster."
	classAvailability = "Neo.ClientError.General."
)

// code is what the server called an error, empty when it is not the server's.
func code(err error) string {
	var e *neo4j.Neo4jError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// transient says that the server did nothing and may do it later. A record that went away while a write waited for the
// lock of its scope is of that kind: the statement starts from what is there now.
func transient(err error) bool {
	var e *neo4j.Neo4jError
	return errors.As(err, &e) && (e.IsRetriable() || e.Code == codeEntityGone)
}

// disconnected says that the connection could not be had or broke.
func disconnected(err error) bool {
	var e *neo4j.ConnectivityError
	return errors.As(err, &e)
}

// translate gives a driver's error its kind. Errors that have one stay as they are; what the end of the context brought
// about is the context's error.
func translate(ctx context.Context, err error) error {
	var known *stores.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if end := ctx.Err(); end != nil {
		return end
	}
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) { // the socket noticed before the context did
		return context.DeadlineExceeded
	}
	var usage *neo4j.UsageError // of a driver that was closed meanwhile
	if disconnected(err) || errors.As(err, &usage) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return stores.Unavailable(backend, err)
	}
	return translateCode(code(err), err)
}

func translateCode(code string, err error) error {
	starts := func(classes ...string) bool {
		for _, c := range classes {
			if strings.HasPrefix(code, c) {
				return true
			}
		}
		return false
	}
	switch {
	case code == codeConstraint:
		return &stores.Error{Kind: stores.ErrConflict, Message: "another record already has this key", Backend: backend, Cause: err}
	case code == codeArithmetic && strings.Contains(err.Error(), "/ by zero"): // see passFence
		return stores.FencedOff(backend)
	case code == codeArgument && strings.Contains(err.Error(), "too large to index"):
		return &stores.Error{Kind: stores.ErrInvalid, Message: "the record is too large to store", Backend: backend, Cause: err}
	case code == codeEntityGone, code == codeNoDatabase, starts(classTransient, classDatabase, classTransaction, classCluster,
		classAvailability, "Neo.ClientError.Security."):
		return stores.Unavailable(backend, err)
	}
	return fmt.Errorf("%s: %w", backend, err)
}

// explain words an error of opening: what to do about it.
func explain(ctx context.Context, s settings, err error) error {
	var known *stores.Error
	if errors.As(err, &known) {
		if known.Cause == nil {
			return err
		}
		err = known.Cause
	}
	fail := func(kind error, format string, args ...any) error {
		return &stores.Error{Kind: kind, Backend: backend, Message: fmt.Sprintf(format, args...), Cause: err}
	}
	switch code := code(err); {
	case code == codeUnauthorized || code == codeCredentials:
		return fail(stores.ErrInvalid, "the server at %s refuses the user or the password: correct them in the URL (%s)", s.target, exampleURL)
	case code == codeRateLimit:
		return fail(stores.ErrUnavailable, "the server at %s was given too many wrong passwords: correct the one in the URL and wait a moment", s.target)
	case code == codeForbidden:
		return fail(stores.ErrInvalid, "the user of the URL may not read, write and make indexes in the database %q: grant it that", s.database)
	case code == codeNoDatabase:
		return fail(stores.ErrInvalid, "the server at %s has no database %q: create it, or correct the path of the URL (%s)", s.target, s.database, exampleURL)
	case code == codeNotCreated:
		return fail(stores.ErrInvalid, "the database %q holds data that is not of this gateway: name another database in the URL", s.database)
	case ctx.Err() == nil && disconnected(err):
		return fail(stores.ErrUnavailable, "the server at %s cannot be reached: start it, or correct the scheme and the host of the URL", s.target)
	}
	return translate(ctx, err)
}
