package mysql

import "context"

// OpenPrepared opens a database whose statements the server prepares, to compare.
func OpenPrepared(ctx context.Context, url string) (*DB, error) {
	c, err := parse(url)
	if err != nil {
		return nil, err
	}
	return open(ctx, c, false)
}
