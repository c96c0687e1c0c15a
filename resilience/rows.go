package resilience

import "thalamus/stores"

// The ways to count the rows of an answer: the items of lists and pages, one for a single thing that is there. A count
// is one row; a delete answers with the rows it removed.

func one[T any](T) int                         { return 1 }
func affected(n int) int                       { return n }
func items[T any](list []T) int                { return len(list) }
func page[T any](s stores.Slice[T]) int        { return len(s.Items) }
func keyed[K comparable, V any](m map[K]V) int { return len(m) }
func faded(f stores.Faded) int                 { return f.Decayed + f.Pruned }

func pointer[T any](p *T) int {
	if p == nil {
		return 0
	}
	return 1
}

func neighbors(n *stores.Neighborhood) int {
	if n == nil {
		return 0
	}
	return len(n.Nodes)
}

func grouped[K comparable, V any](m map[K][]V) (n int) {
	for _, list := range m {
		n += len(list)
	}
	return n
}

func pages[K comparable, V any](m map[K]stores.Slice[V]) (n int) {
	for _, s := range m {
		n += len(s.Items)
	}
	return n
}

func lists[T any](all [][]T) (n int) {
	for _, list := range all {
		n += len(list)
	}
	return n
}
