//go:build chaos_no_fence

package saga

const (
	undoMarkedOnly   = false
	acknowledgeEarly = false
	fenceless        = true
)
