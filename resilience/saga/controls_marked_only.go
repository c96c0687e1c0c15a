//go:build chaos_marked_only

package saga

const (
	undoMarkedOnly   = true
	acknowledgeEarly = false
	fenceless        = false
)
