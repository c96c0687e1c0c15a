package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/resilience"
	"thalamus/stores"
)

// tenant is one of several who share a gateway and must not hear of each other. Its canary is in all that it writes, so
// wherever another one sees the canary, something has crossed.
type tenant struct {
	scope  stores.Scope
	header http.Header
	canary string

	ids     map[string][]string // global ids, by kind
	cursors []string
	last    []trial // what it asked for lately
	stream  *earful
	socket  *websocket.Conn // nil until there is one
	before  string          // its memory, when it was looked at last
	busy    bool            // it has written since
}

// isolation is a gateway with its tenants, and what is known of who owns what.
type isolation struct {
	*graphtest.Gateway
	server  *httptest.Server
	sockets []*websocket.Conn
	tenants []*tenant
	owners  map[string]*tenant // by global id and by plain id
	total   int
	whole   map[string]int // attempts without errors, by door
	stale   int            // attempts that were shown earlier answers
	broken  bool
}

// lookalikes are scopes that differ in one part, or in how it is spelled. Each is someone else.
func lookalikes(run string) []stores.Scope {
	return []stores.Scope{
		{User: "ann" + run, Device: "phone", Agent: "scout"}, {User: "bob" + run, Device: "phone", Agent: "scout"},
		{User: "ann" + run, Device: "watch", Agent: "scout"}, {User: "ann" + run, Device: "phone", Agent: "guide"},
		{User: "ANN" + run, Device: "phone", Agent: "scout"}, {User: "ann" + run + "/phone", Device: "scout", Agent: "default"},
		{User: "ann" + run + "%2Fphone", Device: "scout", Agent: "default"}, {User: "%", Device: "_", Agent: "*" + run},
		{User: "caf\u00e9" + run, Device: "phone", Agent: "scout"}, {User: "cafe\u0301" + run, Device: "phone", Agent: "scout"},
	}
}

// besides are the tenants but one.
func (w *isolation) besides(t *tenant) []*tenant {
	return slices.DeleteFunc(slices.Clone(w.tenants), func(other *tenant) bool { return other == t })
}

// inhabited gives a gateway its tenants, each with something of every noun.
func inhabited(t *testing.T, g *graphtest.Gateway, scopes []stores.Scope, header func(stores.Scope) http.Header) *isolation {
	t.Helper()
	w := &isolation{Gateway: g, server: g.Serve(t), owners: map[string]*tenant{}, whole: map[string]int{}}
	t.Cleanup(func() {
		for _, c := range w.sockets {
			_ = c.CloseNow()
		}
	})
	for i, s := range scopes {
		w.tenants = append(w.tenants, &tenant{scope: s, header: header(s), canary: fmt.Sprintf("canary%dx%s", i, strings.ReplaceAll(string(stores.NewID()), "-", "")), ids: map[string][]string{}})
	}
	for _, own := range w.tenants {
		own.stream = listen(t, w.server, own.header)
		w.furnish(t, own)
	}
	return w
}

// furnish writes something of every noun.
func (w *isolation) furnish(t testing.TB, own *tenant) {
	c := "heron at the lake " + own.canary
	mutate := func(field, input string, more map[string]any) {
		vars := map[string]any{"c": c, "own": own.canary}
		for k, v := range more {
			vars[k] = v
		}
		declared := "$c:String!"
		if strings.Contains(input, "$own") {
			declared += ",$own:String!"
		}
		for k := range more {
			declared += ",$" + k + ":ID!"
		}
		payload := w.Schema().Types[w.Schema().Mutation.Fields.ForName(field).Type.Name()].Fields[0].Name
		w.attempt(t, own, trial{fmt.Sprintf("mutation(%s){%s(input:{%s}){%s{id} saga{id} problems{code message}}}", declared, field, input, payload), vars})
	}
	first := func(kind string) any { return own.ids[kind][len(own.ids[kind])-1] }
	mutate("upsertEntity", `name:$own,summary:$c,details:$c,content:$c,keywords:[$c],aliases:[$c],metadata:{m:$c},label:$own`, nil)
	mutate("upsertEntity", `name:"Shared 0",summary:$c,details:$c,content:$c,keywords:[$c],aliases:[$c],metadata:{m:$c}`, nil)
	mutate("createEpisode", `sessionId:"shared",content:$c,context:{project:$own,file:$own,tool:$own,extra:{m:$c}},entities:[$e]`, map[string]any{"e": first("Entity")})
	mutate("createEpisode", `sessionId:"shared",content:$c,entities:[$e]`, map[string]any{"e": first("Entity")})
	mutate("createProcedure", `name:$own,domain:CODING,triggerPattern:$c,script:$c,steps:[{action:$c,tool:$own,parameters:{m:$c}}]`, nil)
	mutate("relate", `source:$s,target:$e,type:USES,label:$own,metadata:{m:$c}`, map[string]any{"s": first("Episode"), "e": first("Entity")})
	mutate("relate", `source:$s,target:$e,type:REQUIRES,metadata:{m:$c}`, map[string]any{"s": first("Procedure"), "e": first("Entity")})
	mutate("upsertProfile", `content:$c,summary:$c,keywords:[$c],entityNames:["Shared 0"],metadata:{m:$c}`, nil)
	mutate("createTodo", `content:$c,assignee:$own,reason:$c,sourceEpisode:$s,entities:[$e]`, map[string]any{"s": first("Episode"), "e": first("Entity")})
	own.busy = true
}

// Schema is what all operations are made of.
func (w *isolation) Schema() *ast.Schema { return theSchema }

var theSchema = graph.Schema(nil).Schema()

// attempt sends a request as a tenant and looks at every byte that comes back.
func (w *isolation) attempt(t testing.TB, who *tenant, what trial) {
	t.Helper()
	door, answer := w.send(t, who, what)
	w.judge(t, who, jsonOf(t, what), answer)
	if strings.Contains(answer, "GRAPHQL_VALIDATION_FAILED") || strings.Contains(answer, `"code":"LIMIT`) {
		t.Fatalf("the trial itself is wrong: %s\n%s", what.Query, answer)
	}
	if strings.HasPrefix(what.Query, "mutation") {
		who.busy = true
	}
	w.total++
	if !strings.Contains(answer, `"errors":[`) && !strings.Contains(answer, `"type":"error"`) {
		w.whole[door]++
	}
	if strings.Contains(answer, `"status":"stale"`) {
		w.stale++
	}
}

var (
	globalIDs = regexp.MustCompile(`[A-Za-z0-9_-]{50,}`)
	plainIDs  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	cursors   = regexp.MustCompile(`"(?:cursor|startCursor|endCursor|previousCursor)":"([^"]+)"`)
)

// judge fails when an answer holds what is another tenant's and was not in the request. What nobody owned yet is the asker's
// from then on.
func (w *isolation) judge(t testing.TB, who *tenant, request, answer string) {
	t.Helper()
	crossing := func(what string, owner *tenant) {
		t.Fatalf("%+v sees the %s of %+v\nrequest %s\nanswer %s", who.scope, what, owner.scope, request, answer)
	}
	for _, other := range w.tenants {
		if other != who && strings.Contains(answer, other.canary) && !strings.Contains(request, other.canary) {
			crossing("canary "+other.canary, other)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(answer, secret) && !strings.Contains(request, secret) {
			t.Fatalf("the answer leaks %q\nrequest %s\nanswer %s", secret, request, answer)
		}
	}
	known := func(id string) bool {
		owner := w.owners[id]
		if owner != nil && owner != who && !strings.Contains(request, id) {
			crossing("id "+id, owner)
		}
		return owner != nil || strings.Contains(request, id)
	}
	for _, id := range globalIDs.FindAllString(answer, -1) {
		ref, err := model.ParseGlobalID(id)
		if err != nil || known(id) {
			continue
		}
		w.owners[id], w.owners[string(ref.ID)] = who, who
		who.ids[string(ref.Kind)] = append(who.ids[string(ref.Kind)], id)
	}
	for _, id := range plainIDs.FindAllString(answer, -1) {
		if owner := w.owners[id]; owner != nil && owner != who && !w.named(request, id) {
			crossing("plain id "+id, owner)
		}
	}
	for _, c := range cursors.FindAllStringSubmatch(answer, 5) {
		who.cursors = append(who.cursors, c[1])
	}
}

// named says whether a request names an id, in either form.
func (w *isolation) named(request, plain string) bool {
	if strings.Contains(request, plain) {
		return true
	}
	return slices.ContainsFunc(globalIDs.FindAllString(request, -1), func(id string) bool {
		ref, err := model.ParseGlobalID(id)
		return err == nil && string(ref.ID) == plain
	})
}

// curious draws what a tenant tries: ids of its own, of others and of nobody, likewise cursors, keys that all share, and
// texts.
func (w *isolation) curious(t testing.TB, who *tenant, seed uint64) *asking {
	a := &asking{t: t, schema: w.Schema(), rand: rand.New(rand.NewPCG(seed, 1))}
	anyone := func() *tenant { return w.tenants[a.rand.IntN(len(w.tenants))] }
	a.pool = func(kind, field string) string {
		if kind == "ID" {
			return w.someID(a, who, anyone(), field)
		}
		switch field {
		case "after", "before":
			from := anyone()
			if a.chance(30) || len(from.cursors) == 0 {
				from = who
			}
			if len(from.cursors) == 0 {
				return "none"
			}
			return from.cursors[a.rand.IntN(len(from.cursors))]
		case "idempotencyKey":
			return fmt.Sprintf("key %d", a.rand.IntN(20))
		case "name":
			if a.writing || a.chance(50) {
				return fmt.Sprintf("Shared %d", a.rand.IntN(4))
			}
		case "sessionId":
			return "shared"
		}
		switch {
		case a.writing:
			return fmt.Sprintf("heron %d %s", a.rand.IntN(50), who.canary)
		case a.chance(50):
			return "heron at the lake"
		}
		return anyone().canary
	}
	return a
}

func (w *isolation) someID(a *asking, who, other *tenant, field string) string {
	kinds := kindsIn(field)
	if len(kinds) == 0 || a.chance(15) {
		kinds = []string{"Episode", "Entity", "Procedure", "Relationship", "Profile", "Todo", "Saga"}
	}
	kind := kinds[a.rand.IntN(len(kinds))]
	from := other
	if a.chance(35) {
		from = who
	}
	if ids := from.ids[kind]; len(ids) > 0 && !a.chance(5) {
		return ids[a.rand.IntN(len(ids))]
	}
	return model.GlobalID(stores.Ref{Kind: stores.Kind(kind), ID: stores.NewID()})
}

// visit lets one tenant try what a seed says, while others read what they have, and looks at all the others afterwards.
func (w *isolation) visit(r *rapid.T, t *testing.T) {
	who := rapid.SampledFrom(w.tenants).Draw(r, "tenant")
	seeds := rapid.Uint64()
	r.Repeat(map[string]func(*rapid.T){
		"query": func(r *rapid.T) { w.try(t, who, ast.Query, w.Schema().Query, seeds.Draw(r, "seed")) },
		"write": func(r *rapid.T) { w.try(t, who, ast.Mutation, w.Schema().Mutation, seeds.Draw(r, "seed")) },
		"repeat another's question": func(r *rapid.T) {
			other := rapid.SampledFrom(w.besides(who)).Draw(r, "other")
			if len(other.last) == 0 {
				r.Skip("it has asked nothing") // rapid draws another action
			}
			w.attempt(t, who, rapid.SampledFrom(other.last).Draw(r, "question"))
		},
		"after the owner, when a store is down": func(r *rapid.T) {
			other := rapid.SampledFrom(w.besides(who)).Draw(r, "other")
			w.warm(t, who, other, seeds.Draw(r, "seed"))
		},
		"the same write under the same key": func(r *rapid.T) {
			field, input := "createTodo", fmt.Sprintf(`{content:"the very same",idempotencyKey:"same %d"}`, rapid.IntRange(0, 3).Draw(r, "key"))
			w.attempt(t, who, trial{"mutation{" + field + "(input:" + input + "){todo{id content} saga{id} problems{code message}}}", nil})
		},
		"break": func(r *rapid.T) {
			w.shatter(rapid.SampledFrom([]stores.Role{stores.RoleGraph, stores.RoleRecords, stores.RoleVectors, stores.RoleEmbedder}).Draw(r, "role"), rapid.Bool().Draw(r, "plainly"))
		},
		"mend":      func(*rapid.T) { w.mend(t) },
		"subscribe": func(r *rapid.T) { w.try(t, who, ast.Subscription, w.Schema().Subscription, seeds.Draw(r, "seed")) },
	})
	w.mend(t)
	if len(who.ids["Episode"]) > 0 && who.busy && seeds.Draw(r, "seed")%4 == 0 {
		w.furnish(t, who)
	}
	for _, other := range w.besides(who) {
		if rapid.IntRange(0, 2).Draw(r, "look") == 0 {
			w.unchanged(t, other)
		}
	}
}

// try asks for one or two root fields.
func (w *isolation) try(t testing.TB, who *tenant, kind ast.Operation, root *ast.Definition, seed uint64) {
	some := slices.DeleteFunc(slices.Clone(root.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
	chosen := rand.New(rand.NewPCG(seed, 2))
	fields := []*ast.FieldDefinition{some[chosen.IntN(len(some))]}
	if kind == ast.Query && chosen.IntN(4) == 0 {
		fields = append(fields, some[chosen.IntN(len(some))])
	}
	w.tryFields(t, who, kind, seed, fields...)
}

func (w *isolation) tryFields(t testing.TB, who *tenant, kind ast.Operation, seed uint64, fields ...*ast.FieldDefinition) {
	what := w.curious(t, who, seed).operation(kind, fields...)
	if kind == ast.Subscription {
		w.overhear(t, who, what)
		return
	}
	w.attempt(t, who, what)
	if kind == ast.Query {
		who.last = append(who.last[max(0, len(who.last)-9):], what)
	}
}

// tryAll tries every field of every root, so that none is left out.
func (w *isolation) tryAll(t testing.TB) {
	for kind, root := range map[ast.Operation]*ast.Definition{ast.Query: w.Schema().Query, ast.Mutation: w.Schema().Mutation, ast.Subscription: w.Schema().Subscription} {
		for i, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				w.tryFields(t, w.tenants[i%len(w.tenants)], kind, rand.Uint64(), f)
			}
		}
	}
}

// warm has the owner ask for what is its own, so that the answer is kept, and another one after it while the store is down.
func (w *isolation) warm(t testing.TB, who, owner *tenant, seed uint64) {
	w.mend(t)
	w.try(t, owner, ast.Query, w.Schema().Query, seed)
	role := []stores.Role{stores.RoleGraph, stores.RoleRecords}[seed%2]
	w.hold(t, role, true)
	w.attempt(t, who, owner.last[len(owner.last)-1])
	w.attempt(t, owner, owner.last[len(owner.last)-1])
	w.hold(t, role, false)
}

// hold keeps calls from a server, or lets them through again. What is embedded cannot be held.
func (w *isolation) hold(t testing.TB, role stores.Role, held bool) {
	w.Query(t, `mutation($r:Role!,$h:Boolean!){holdBackend(input:{role:$r,held:$h}){problems{code}}}`, map[string]any{"r": role, "h": held}, w.tenants[0].header)
}

// shatter breaks what plays a role. Its errors hold what they must not tell anybody.
func (w *isolation) shatter(role stores.Role, plainly bool) {
	var told []string
	for _, own := range w.tenants {
		told = append(told, own.canary)
	}
	cause := fmt.Errorf("%w: near %s", errDriver, strings.Join(told, " "))
	w.broken = true
	w.Break(func(op resilience.Op) error {
		switch {
		case op.Role != role:
			return nil
		case plainly:
			return stores.Unavailable(op.Backend, cause)
		}
		return cause
	})
}

// mend lets the stores answer again, and waits for the writes that waited for them.
func (w *isolation) mend(t testing.TB) {
	t.Helper()
	if !w.broken {
		return
	}
	w.broken = false
	w.Break(nil)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		_, err := w.Writes.Recover(t.Context())
		left, err2 := w.Set.Journal.Unfinished(t.Context())
		if err == nil && err2 == nil && len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("writes that do not end: %v, %v, %v", left, err, err2)
		}
		for _, own := range w.tenants {
			if own.busy {
				w.wake(t, own)
			}
		}
	}
}

// wake has the writes of a tenant that wait be tried now.
func (w *isolation) wake(t testing.TB, own *tenant) {
	page, err := w.Set.Journal.List(t.Context(), own.scope, stores.Query{Where: stores.Where("state", stores.In, []any{"PENDING", "QUEUED", "RUNNING", "COMPENSATING", "STUCK"}), Page: stores.Page{First: 50}})
	if err != nil {
		return // it is tried again
	}
	for _, s := range page.Items {
		_, _ = w.Set.Journal.Wake(t.Context(), own.scope, s.ID) // likewise
	}
}

// wholeMemory is everything that a tenant has, but for what time alone changes.
const wholeMemory = `{entities(first:200,orderBy:[{field:CREATED_AT}]){totalCount edges{node{id version name summary content keywords aliases supersededBy{id}}}}
	episodes(first:200){totalCount edges{node{id version content accessCount entities{id}}}} procedures(first:200){totalCount edges{node{id version script deprecated}}}
	relationships(first:200){totalCount edges{node{id version weight source{id} target{id}}}} todos(first:200){totalCount edges{node{id version content status sourceEpisode{id} entities{id}}}}
	profiles(first:200){totalCount edges{node{id version content}}} sagas(first:200){totalCount edges{node{id state}}}}`

// memory is all that a tenant has, as it is stored. Right after an outage a store may need a moment.
func (w *isolation) memory(t testing.TB, own *tenant) string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		header := own.header.Clone()
		header.Set("Thalamus-Consistency", "STRONG")
		r := w.Send(t, map[string]any{"query": wholeMemory}, header)
		if len(r.Errors) == 0 {
			body, _, _ := strings.Cut(string(r.Body), `,"extensions"`)
			return body + "}"
		}
		if time.Now().After(end) {
			t.Fatalf("%s", r.Body)
		}
	}
}

// unchanged fails when the memory of a tenant is another than when it was looked at last, and it has written nothing since.
func (w *isolation) unchanged(t testing.TB, own *tenant) {
	t.Helper()
	now := w.memory(t, own)
	w.judge(t, own, "", now)
	if !own.busy && own.before != "" && own.before != now {
		t.Fatalf("the memory of %+v has changed:\n%s", own.scope, cmp.Diff(strings.Split(own.before, `"node"`), strings.Split(now, `"node"`)))
	}
	var lists struct {
		Data map[string]struct {
			TotalCount int
			Edges      []any
		}
	}
	if err := json.Unmarshal([]byte(now), &lists); err != nil || len(lists.Data) == 0 {
		t.Fatalf("%v: %s", err, now)
	}
	for name, l := range lists.Data {
		if l.TotalCount != len(l.Edges) && l.TotalCount <= 200 {
			t.Fatalf("%+v has %d %s, and %d are counted", own.scope, len(l.Edges), name, l.TotalCount)
		}
	}
	own.before, own.busy = now, false
}

// finish looks at all tenants once more, and wants everything to have been tried.
func (w *isolation) finish(t *testing.T) {
	t.Helper()
	w.mend(t)
	for _, own := range w.tenants {
		w.unchanged(t, own)
		w.judge(t, own, "", own.stream.heard(t))
	}
	if found := w.Log.Lines(slog.LevelError); slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, "of another scope") }) {
		t.Errorf("a store crossed scopes: %v", found)
	}
	t.Logf("%d attempts by %d tenants, %v of them answered in full, %d by earlier answers, 0 crossings", w.total, len(w.tenants), w.whole, w.stale)
}

// TestSeveralTenants share a gateway and try everything to see or change what is another's.
func TestSeveralTenants(t *testing.T) {
	visits := 6
	if testing.Short() || graphtest.OnServers() {
		visits = 2
	}
	worlds(t, visits)
}

// TestSoakIsolation is the long form.
func TestSoakIsolation(t *testing.T) {
	if os.Getenv("THALAMUS_SOAK") == "" {
		return // `make soak` runs it
	}
	for total := 0; total < 50_000; {
		total += worlds(t, 150)
		t.Logf("%d attempts so far", total)
	}
}
