package sqlite

// SetMaxWalk lowers how many edges a walk may follow.
func (db *DB) SetMaxWalk(n int) { db.maxWalk = n }
