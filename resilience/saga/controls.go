//go:build !chaos_marked_only && !chaos_early_answer && !chaos_no_fence

package saga

// Mistakes that a build with a tag makes on purpose, so that `make chaos` can show that it would notice them.
const (
	undoMarkedOnly   = false // chaos_marked_only: takes back only the steps that the journal says are done
	acknowledgeEarly = false // chaos_early_answer: answers before the write is committed
	fenceless        = false // chaos_no_fence: lets writes of gateways pass that were taken for dead
)
