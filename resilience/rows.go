package resilience

import (
	"maps"
	"slices"

	"thalamus/stores"
)

// The ways to count the rows of an answer: the items of lists and pages, one for a single thing that is there. A count
// is one row; a delete answers with the rows it removed. Records that are not the asker's are dropped before.

func one[T any](*T, asker) int            { return 1 }
func affected(n *int, _ asker) int        { return *n }
func faded(f *stores.Faded, _ asker) int  { return f.Decayed + f.Pruned }
func items[T any](list *[]T, a asker) int { return len(own(list, a)) }

func page[T any](s *stores.Slice[T], a asker) int {
	for i := len(s.Items) - 1; i >= 0; i-- {
		if !a.owns(s.Items[i]) {
			s.Items, s.Cursors = slices.Delete(s.Items, i, i+1), slices.Delete(s.Cursors, i, i+1)
		}
	}
	return len(s.Items)
}

func keyed[K comparable, V any](m *map[K]V, a asker) int {
	if len(*m) > 0 {
		maps.DeleteFunc(*m, func(_ K, v V) bool { return !a.owns(v) })
	}
	return len(*m)
}

func pointer[T any](p **T, a asker) int {
	if *p != nil && !a.owns(*p) {
		*p = nil
	}
	if *p == nil {
		return 0
	}
	return 1
}

// way drops a path as a whole.
func way(p **stores.Path, a asker) int {
	if *p != nil && slices.ContainsFunc((*p).Edges, func(e *stores.Relationship) bool { return !a.owns(e) }) {
		*p = nil
	}
	return pointer(p, a)
}

func neighbors(n **stores.Neighborhood, a asker) int {
	if *n == nil {
		return 0
	}
	own(&(*n).Edges, a)
	return len((*n).Nodes)
}

func grouped[K comparable, V any](m *map[K][]V, a asker) (n int) {
	for key, list := range *m {
		n += len(own(&list, a))
		(*m)[key] = list
	}
	return n
}

func pages[K comparable, V any](m *map[K]stores.Slice[V], a asker) (n int) {
	for key, s := range *m {
		n += page(&s, a)
		(*m)[key] = s
	}
	return n
}

func lists[T any](all *[][]T, _ asker) (n int) {
	for _, list := range *all {
		n += len(list)
	}
	return n
}

// own drops from a list what is not the asker's.
func own[T any](list *[]T, a asker) []T {
	*list = slices.DeleteFunc(*list, func(v T) bool { return !a.owns(v) })
	return *list
}
