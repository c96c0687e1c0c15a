//go:build chaos_early_answer

package saga

const (
	undoMarkedOnly   = false
	acknowledgeEarly = true
	fenceless        = false
)
