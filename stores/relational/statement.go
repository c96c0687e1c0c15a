package relational

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// Statement is SQL under construction with the values of its parameters. Text from outside is only ever a parameter.
type Statement struct {
	sql  strings.Builder
	args []any
}

// SQL starts a statement.
func SQL(sql string, args ...any) *Statement { return (&Statement{}).Add(sql, args...) }

// Add appends SQL with the values of the parameters in it.
func (st *Statement) Add(sql string, args ...any) *Statement {
	st.sql.WriteString(sql)
	st.args = append(st.args, args...)
	return st
}

// Each runs the statement and calls fn for every row.
func (st *Statement) Each(ctx context.Context, q Querier, fn func(*sql.Rows) error) error {
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

// One reads the first row; without one it is [sql.ErrNoRows].
func (st *Statement) One(ctx context.Context, q Querier, to ...any) error {
	return q.QueryRowContext(ctx, st.sql.String(), st.args...).Scan(to...)
}

// Run executes the statement and says how many rows it changed.
func (st *Statement) Run(ctx context.Context, q Querier) (int, error) {
	res, err := q.ExecContext(ctx, st.sql.String(), st.args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// InsertRows inserts rows of width values each, some hundreds by one statement.
func InsertRows(ctx context.Context, q Querier, head string, width int, values []any) error {
	return insertRows(ctx, q, head, "", width, values)
}

// insertRows is [InsertRows] with an end of each statement.
func insertRows(ctx context.Context, q Querier, head, tail string, width int, values []any) error {
	tuple := "(?" + strings.Repeat(", ?", width-1) + ")"
	for part := range slices.Chunk(values, 500*width) {
		more := strings.Repeat(", "+tuple, len(part)/width-1)
		if _, err := SQL(head+" VALUES "+tuple+more+tail, part...).Run(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
