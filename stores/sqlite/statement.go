package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
)

// statement is SQL under construction with the values of its parameters. Text from outside is only ever a parameter.
type statement struct {
	sql  strings.Builder
	args []any
}

func (st *statement) add(sql string, args ...any) *statement {
	st.sql.WriteString(sql)
	st.args = append(st.args, args...)
	return st
}

// each runs the statement and calls fn for every row.
func (st *statement) each(ctx context.Context, q querier, fn func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, st.sql.String(), st.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// run executes the statement and says how many rows it changed.
func (st *statement) run(ctx context.Context, q querier) (int, error) {
	res, err := q.ExecContext(ctx, st.sql.String(), st.args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// array is a list of texts as the one JSON parameter of json_each, so that a batch of any size is one statement.
func array[S ~string](list []S) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // texts always marshal
	return string(b)
}
