package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"thalamus/access"
	"thalamus/graph/selection"
	"thalamus/loaders"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// failures are the errors of the fields of one submission.
type failures struct {
	mu   sync.Mutex
	errs []error
}

type failuresKey struct{}

// submitter makes writes that waited as they were sent: as mutations of the same schema, in the scope of their author. They
// are checked like any other, and may do no more than a writer, which is what their author was when they were accepted.
func submitter(schema graphql.ExecutableSchema, set *stores.Set, log *slog.Logger) saga.Submitter {
	ex := executor.New(schema)
	ex.Use(rights{})
	ex.SetRecoverFunc(recovered(log))
	ex.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		if f, ok := ctx.Value(failuresKey{}).(*failures); ok {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.errs = append(f.errs, err)
		}
		return gqlerror.WrapPath(graphql.GetPath(ctx), err)
	})
	return func(ctx context.Context, s stores.Scope, what saga.Submission) error {
		document, variables, err := mutation(schema.Schema(), what)
		if err != nil {
			return err
		}
		failed := &failures{}
		ctx = access.With(context.WithValue(ctx, failuresKey{}, failed), access.Caller{Name: "queue", Scope: s, Role: access.Writer})
		ctx = graphql.StartOperationTrace(ctx)
		op, errs := ex.CreateOperationContext(ctx, &graphql.RawParams{Query: document, Variables: variables, ReadTime: graphql.TraceTiming{Start: stores.Now(), End: stores.Now()}})
		if len(errs) > 0 {
			return stores.Invalid("", "the queued write does not fit the schema any more: %s", errs.Error())
		}
		l := loaders.New(set, s, log)
		ctx = selection.With(loaders.With(ctx, l), schema.Schema(), l)
		responses, ctx := ex.DispatchOperation(graphql.WithOperationContext(ctx, op), op)
		response := responses(ctx)
		if len(response.Errors) > 0 {
			return errors.Join(failed.errs...)
		}
		return refusal(what.Operation, response.Data)
	}
}

// mutation is a submission as a document with variables.
func mutation(schema *ast.Schema, what saga.Submission) (document string, variables map[string]any, err error) {
	field := schema.Mutation.Fields.ForName(what.Operation)
	if field == nil || field.Arguments.ForName("input") == nil {
		return "", nil, stores.Invalid("", "the queued write is of a kind that there is no more")
	}
	var input map[string]any
	numbers := json.NewDecoder(bytes.NewReader(what.Input))
	numbers.UseNumber() // a whole number is to stay one
	if err := numbers.Decode(&input); err != nil {
		return "", nil, fmt.Errorf("read a queued write: %w", err)
	}
	input["idempotencyKey"] = what.Key()
	delete(input, "write")
	document = fmt.Sprintf("mutation ($input: %s) { %s(input: $input) { problems { code message } } }", field.Arguments.ForName("input").Type, what.Operation)
	return document, map[string]any{"input": input}, nil
}

// refusal is the first problem of the answer to a submission.
func refusal(operation string, data json.RawMessage) error {
	var answer map[string]struct {
		Problems []struct{ Code, Message string }
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("read the answer to a queued write: %w", err)
	}
	if problems := answer[operation].Problems; len(problems) > 0 {
		return stores.Conflict("%s", problems[0].Message)
	}
	return nil
}
