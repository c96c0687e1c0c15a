package qdrant

import (
	"slices"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"

	"thalamus/stores"
)

// within is a condition on the points of a scope. Every request that reads or changes points gets its filter here.
func (v *Vectors) within(s stores.Scope, more ...*pb.Condition) *pb.Filter {
	return &pb.Filter{Must: append([]*pb.Condition{pb.NewMatchKeyword(scopeKey, s.Key())}, more...)}
}

// ours refuses a point of another scope, and gives the id of one of this.
func (v *Vectors) ours(s stores.Scope, payload map[string]*pb.Value) (stores.ID, error) {
	id := stores.ID(payload[idKey].GetStringValue())
	if payload[scopeKey].GetStringValue() != s.Key() || id == "" {
		return "", foreign()
	}
	return id, nil
}

// clause is a translated filter: a condition, or known without looking at any point.
type clause struct {
	known bool
	holds bool // when known
	cond  *pb.Condition
}

var (
	always = clause{known: true, holds: true}
	never  = clause{known: true}
)

// conditions is a clause as a list that must hold; ok is false when no point can match.
func (c clause) conditions() (list []*pb.Condition, ok bool) {
	if c.known {
		return nil, c.holds
	}
	return []*pb.Condition{c.cond}, true
}

// filter checks and translates a filter. What it means is [stores.Filter.Match], also for fields that are not there:
// no comparison holds for these.
func filter(where stores.Filter) (clause, error) {
	where, err := stores.PointSpec.Check(where)
	if err != nil {
		return never, err
	}
	return translateFilter(where)
}

func translateFilter(f stores.Filter) (clause, error) {
	switch f.Op {
	case "":
		return always, nil
	case stores.And, stores.Or, stores.Not:
		terms := make([]clause, len(f.Terms))
		for i, t := range f.Terms {
			var err error
			if terms[i], err = translateFilter(t); err != nil {
				return never, err
			}
		}
		return join(f.Op, terms), nil
	case stores.IsNull:
		empty := clause{cond: pb.NewIsEmpty(string(f.Field))}
		if f.Value == false {
			return join(stores.Not, []clause{empty}), nil
		}
		return empty, nil
	case stores.In:
		return isOneOf(f)
	}
	return compare(f)
}

// join settles what is known and leaves the rest to the server. An empty list would match everything there, whatever it
// is a list of.
func join(op stores.Op, terms []clause) clause {
	decisive := op != stores.And // what a term has to be to decide the whole: true for Or and Not, false for And
	var open []*pb.Condition
	for _, t := range terms {
		switch {
		case !t.known:
			open = append(open, t.cond)
		case t.holds == decisive:
			return clause{known: true, holds: op == stores.Or}
		}
	}
	if len(open) == 0 {
		return clause{known: true, holds: op != stores.Or}
	}
	nested := &pb.Filter{}
	switch op {
	case stores.And:
		nested.Must = open
	case stores.Or:
		nested.Should = open
	default:
		nested.MustNot = open
	}
	return clause{cond: pb.NewFilterAsCondition(nested)}
}

func isOneOf(f stores.Filter) (clause, error) {
	values := f.Value.([]any)
	if stores.PointSpec.Fields[f.Field] == stores.Text && len(values) > 0 {
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = v.(string)
		}
		return clause{cond: pb.NewMatchKeywords(string(f.Field), texts...)}, nil
	}
	terms := make([]clause, len(values))
	for i, v := range values {
		var err error
		if terms[i], err = compare(stores.Where(f.Field, stores.Eq, v)); err != nil {
			return never, err
		}
	}
	return join(stores.Or, terms), nil
}

func compare(f stores.Filter) (clause, error) {
	switch value := f.Value.(type) {
	case string:
		if f.Op != stores.Eq {
			return never, stores.Unsupported(Name, "texts can only be compared for equality, not by %q (field %q)", f.Op, f.Field)
		}
		return clause{cond: pb.NewMatchKeyword(string(f.Field), value)}, nil
	case bool:
		return clause{cond: pb.NewMatchBool(string(f.Field), value)}, nil
	case float64:
		r := bounds(f.Op, &value)
		return clause{cond: pb.NewRange(string(f.Field), &pb.Range{Gt: r.gt, Gte: r.gte, Lt: r.lt, Lte: r.lte})}, nil
	}
	return compareTime(f)
}

func compareTime(f stores.Filter) (clause, error) {
	at := f.Value.(time.Time)
	if before, after := at.Before(firstInstant), at.After(lastInstant); before || after { // no stored instant is there
		if after && slices.Contains([]stores.Op{stores.Lt, stores.Lte}, f.Op) || before && slices.Contains([]stores.Op{stores.Gt, stores.Gte}, f.Op) {
			return translateFilter(stores.Where(f.Field, stores.IsNull, false))
		}
		return never, nil
	}
	r := bounds(f.Op, timestamppb.New(at))
	return clause{cond: pb.NewDatetimeRange(string(f.Field), &pb.DatetimeRange{Gt: r.gt, Gte: r.gte, Lt: r.lt, Lte: r.lte})}, nil
}

// limits are the ends of a range; nil: open.
type limits[T any] struct{ gt, gte, lt, lte *T }

// bounds is a comparison as a range. Equality is one from the value to itself: the server has no other for numbers and
// instants.
func bounds[T any](op stores.Op, v *T) (r limits[T]) {
	switch op {
	case stores.Gt:
		r.gt = v
	case stores.Gte:
		r.gte = v
	case stores.Lt:
		r.lt = v
	case stores.Lte:
		r.lte = v
	default:
		r.gte, r.lte = v, v
	}
	return r
}
