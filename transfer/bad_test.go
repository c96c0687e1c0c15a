package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"thalamus/examples"
	"thalamus/stores"
	"thalamus/transfer"
)

func TestBadLinesAreReportedAndTheRestIsTaken(t *testing.T) {
	const node = "01a00000-0000-7000-8000-00000000000a"
	m := fresh(t)
	for name, c := range map[string]struct{ line, reason string }{
		"not JSON":              {`{"kind":"Todo",`, "is not JSON"},
		"not JSON either":       {`hello`, "is not JSON"},
		"not an object":         {`[1,2]`, "must be an object, not an array"},
		"null":                  {`null`, "must be an object, not null"},
		"a number":              {`42`, "must be an object, not a number"},
		"no kind":               {`{"content":"x"}`, "neither kind"},
		"unknown kind":          {`{"kind":"Dream","content":"x"}`, `"Dream"`},
		"kind of a wrong type":  {`{"kind":7}`, "kind cannot be a number"},
		"unknown type":          {`{"type":"thing","name":"x"}`, `"thing"`},
		"unknown field":         {`{"kind":"Todo","content":"x","colour":"red"}`, `unknown field "colour"`},
		"field of another":      {`{"kind":"Todo","content":"x","domain":"CODING"}`, `unknown field "domain"`},
		"record of another":     {`{"kind":"Todo","content":"x","aliases":["a"]}`, `unknown field "aliases"`},
		"unknown nested":        {`{"kind":"Episode","sessionId":"s","content":"x","context":{"moon":1}}`, `unknown field "moon"`},
		"wrong type":            {`{"kind":"Entity","name":"x","accessCount":"many"}`, "accessCount cannot be a string"},
		"wrong nested type":     {`{"kind":"Episode","sessionId":"s","content":"x","context":{"file":1}}`, "context.file cannot be a number"},
		"fraction":              {`{"kind":"Todo","content":"x","urgency":1.0}`, "urgency must be a whole number, written like 1, not 1.0"},
		"an array for a text":   {`{"kind":"Todo","content":[]}`, "content cannot be an array"},
		"key in other case":     {`{"kind":"Todo","content":"x","Urgency":1}`, `unknown field "Urgency"; did you mean "urgency"?`},
		"kind in other case":    {`{"Kind":"Todo","content":"x"}`, "neither kind"},
		"nested other case":     {`{"kind":"Episode","sessionId":"s","content":"x","context":{"File":"f"}}`, `did you mean "file"?`},
		"list other case":       {`{"kind":"Procedure","name":"x","domain":"CODING","steps":[{"Order":1,"action":"a"}]}`, `did you mean "order"?`},
		"header key":            {`{"kind":"Entity","name":"x","scope":{"User":"a"}}`, `did you mean "user"?`},
		"key twice":             {`{"kind":"Todo","content":"x","content":"x"}`, `gives the field "content" twice`},
		"key twice, escaped":    {`{"kind":"Todo","content":"x","\u0063ontent":"y"}`, `gives the field "content" twice`},
		"kind twice":            {`{"kind":"Todo","kind":"Todo","content":"x"}`, `gives the field "kind" twice`},
		"nested key twice":      {`{"kind":"Episode","sessionId":"s","content":"x","context":{"file":"f","file":"g"}}`, `"file" twice`},
		"free key twice":        {`{"kind":"Profile","content":"x","metadata":{"a":[{"k":1,"k":2}]}}`, `"k" twice`},
		"MCP key twice":         {`{"type":"entity","name":"x","name":"y"}`, `"name" twice`},
		"MCP key in other case": {`{"type":"entity","Name":"x"}`, "name must not be empty"},
		"MCP wrong type":        {`{"type":"entity","name":"x","observations":"one"}`, "observations cannot be a string"},
		"half a character":      {`{"kind":"Todo","content":"a\ud800"}`, `holds half a character (\ud800`},
		"the other half":        {`{"kind":"Todo","content":"\udc00a"}`, "half a character"},
		"two first halves":      {`{"kind":"Todo","content":"\ud83d\ud83d"}`, "half a character"},
		"half in metadata":      {`{"kind":"Profile","content":"x","metadata":{"\uD83D":1}}`, "half a character"},
		"half from MCP":         {`{"type":"entity","name":"x","observations":["\ud800 x"]}`, "half a character"},
		"number too large":      {`{"kind":"Entity","name":"x","stability":1e999}`, "stability"},
		"two objects":           {`{"kind":"Todo","content":"x"} {"kind":"Todo","content":"y"}`, "invalid character"},
		"missing field":         {`{"kind":"Todo"}`, "content must not be empty"},
		"several problems":      {`{"kind":"Episode","outcome":"GREAT"}`, "sessionId must not be empty; content must not be empty; outcome"},
		"bad enum":              {`{"kind":"Entity","name":"x","type":"GHOST"}`, `"GHOST" is not one of`},
		"bad date":              {`{"kind":"Todo","content":"x","endTime":"tomorrow"}`, "tomorrow is not a time"},
		"date beyond UTC":       {`{"kind":"Todo","content":"x","endTime":"9999-12-31T23:59:59-10:00"}`, "years 1 to 9999"},
		"end before start":      {`{"kind":"Todo","content":"x","startTime":"2026-02-01T00:00:00Z","endTime":"2026-01-01T00:00:00Z"}`, "endTime must not lie before"},
		"bad id":                {`{"kind":"Todo","content":"x","id":"7"}`, "is not a UUID"},
		"bad mention":           {`{"kind":"Episode","sessionId":"s","content":"x","mentions":["Ann"]}`, "is not a UUID"},
		"bad version":           {`{"kind":"Todo","content":"x","version":-1}`, "version must be at least 1"},
		"bad scope":             {`{"kind":"Todo","content":"x","scope":{"user":"` + strings.Repeat("u", 256) + `"}}`, "scope.user"},
		"scope in control":      {`{"kind":"Todo","content":"x","scope":{"user":"a\u0000b"}}`, "scope.user must hold printable"},
		"unknown scope part":    {`{"kind":"Todo","content":"x","scope":{"team":"a"}}`, `unknown field "team"`},
		"NUL":                   {`{"kind":"Todo","content":"a\u0000b"}`, "content must not contain control"},
		"NUL in metadata":       {`{"kind":"Profile","content":"a","metadata":{"k":"\u0000"}}`, "metadata must not contain control"},
		"invalid UTF-8":         {"{\"kind\":\"Todo\",\"content\":\"a\xff\"}", "not valid UTF-8"},
		"too long a name":       {`{"type":"entity","name":"` + strings.Repeat("n", 256) + `"}`, "name is 256 characters long"},
		"empty name":            {`{"type":"entity","name":" "}`, "name must not be empty"},
		"record of an entity":   {`{"kind":"Entity","name":"x","content":"` + strings.Repeat("c", 50_001) + `"}`, "content is 50001"},
		"unknown mention":       {`{"kind":"Episode","sessionId":"s","content":"x","mentions":["01b00000-0000-7000-8000-000000000000"]}`, "no entity with id 01b00000"},
		"unknown end":           {`{"kind":"Relationship","source":{"kind":"Entity","id":"` + node + `"},"target":{"kind":"Episode","id":"01b00000-0000-7000-8000-000000000000"}}`, "no episode with id"},
		"no end":                {`{"kind":"Relationship","source":{"kind":"Entity","id":"` + node + `"}}`, "target.id must be given"},
		"bad end":               {`{"kind":"Relationship","source":{"kind":"Entity","id":"` + node + `"},"target":{"kind":"Todo","id":"` + node + `"}}`, "target.kind"},
		"a loop":                {`{"type":"relation","from":"known","to":"known","relationType":"USES"}`, "another node than the source"},
		"unknown name":          {`{"type":"relation","from":"known","to":"nobody","relationType":"USES"}`, `no entity is named "nobody"`},
		"nameless end":          {`{"type":"relation","from":"known","relationType":"USES"}`, "to must not be empty"},
		"taken name":            {`{"kind":"Entity","id":"01b00000-0000-7000-8000-000000000000","name":"known"}`, `"known" exists already`},
		"said twice":            {`{"kind":"Entity","id":"` + node + `","name":"other"}`, "line 1 holds already"},
	} {
		t.Run(name, func(t *testing.T) {
			good := `{"kind":"Entity","id":"` + node + `","name":"known"}`
			file := strings.Join([]string{good, c.line, `{"kind":"Todo","content":"after"}`}, "\n")
			out, err := m.try(strings.NewReader(file), transfer.ImportOptions{Scope: stores.Scope{User: name}}) // a memory of its own
			if err != nil || out.Bad != 1 || out.Written[stores.KindEntity] != 1 || out.Written[stores.KindTodo] != 1 || out.Lines != 3 {
				t.Fatalf("%+v %v", out.Report, out.bad)
			}
			if b := out.bad[0]; b.Line != 2 || !strings.Contains(b.Reason, c.reason) {
				t.Errorf("%v; want %q", b, c.reason)
			}
		})
	}
}

func TestALineOverTheLimitIsPassedOver(t *testing.T) {
	m := fresh(t)
	long := io.MultiReader(
		strings.NewReader(`{"kind":"Todo","content":"before"}`+"\n"+`{"kind":"Todo","content":"`),
		strings.NewReader(strings.Repeat("x", transfer.MaxLine)), strings.NewReader("\"}\n"),
		strings.NewReader(`{"kind":"Todo","content":"after"}`))
	out := m.load(long)
	if out.Written[stores.KindTodo] != 2 || len(out.bad) != 1 || out.bad[0].String() != "line 2: is longer than 16 MiB" {
		t.Errorf("%+v %v", out.Report, out.bad)
	}
	// The longest line that is read is one of exactly the limit.
	line := `{"kind":"Todo","content":"exact"` + strings.Repeat(" ", transfer.MaxLine-33) + "}"
	if out := m.load(strings.NewReader(line + "\n")); len(line) != transfer.MaxLine || out.Bad != 0 {
		t.Errorf("%d bytes: %v", len(line), out.bad)
	}
}

func TestOneBadLineSinksNoNeighbour(t *testing.T) {
	m := fresh(t)
	m.lines(`{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000a","name":"a"}`)
	// A store that refuses what nothing refused before it: 3 of 400, in one batch.
	m.set.Todos = picky{m.set.Todos}
	var file strings.Builder
	for i := range 400 {
		word := "fine"
		if i%150 == 70 {
			word = "unbearable"
		}
		fmt.Fprintf(&file, `{"kind":"Todo","content":"%s %d"}`+"\n", word, i)
	}
	out := m.load(strings.NewReader(file.String()))
	if out.Written[stores.KindTodo] != 397 || fmt.Sprint(out.bad) != "[line 71: content cannot be borne line 221: content cannot be borne line 371: content cannot be borne]" {
		t.Errorf("%+v %v", out.Report, out.bad)
	}
	if n, err := m.set.Vectors.Count(t.Context(), home, stores.CollectionTodos, stores.Filter{}); n != 397 || err != nil {
		t.Errorf("%d points, %v", n, err)
	}
}

type picky struct{ stores.Todos }

func (p picky) Put(ctx context.Context, s stores.Scope, items []*stores.Todo) error {
	for _, d := range items {
		if strings.HasPrefix(d.Content, "unbearable") {
			return stores.Invalid("content", "cannot be borne")
		}
	}
	return p.Todos.Put(ctx, s, items)
}

func TestWhatHangsOnABadLineIsBadToo(t *testing.T) {
	m := fresh(t)
	file := strings.Join([]string{
		`{"kind":"Episode","sessionId":"s","content":"x","mentions":["01a00000-0000-7000-8000-00000000000a"]}`,
		`{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000a","name":""}`,
		`{"type":"relation","from":"b","to":"c","relationType":"x"}`,
		`{"type":"entity","name":"b","entityType":"` + strings.Repeat("t", 101) + `"}`,
		`{"type":"entity","name":"c"}`,
		`{"kind":"Todo","content":"x"}`, `{"kind":"Todo","content":"x"}`,
	}, "\n")
	out := m.load(strings.NewReader(file))
	if out.Bad != 4 || out.Written[stores.KindEntity] != 1 || out.Written[stores.KindTodo] != 1 || out.Unchanged[stores.KindTodo] != 1 {
		t.Errorf("%+v %v", out.Report, out.bad)
	}
}

func TestNamesThatTwoLinesClaim(t *testing.T) {
	for _, size := range []int{1, 500} {
		m := fresh(t)
		out, err := m.try(strings.NewReader(`{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000a","name":"n"}
{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000b","name":"n"}
{"type":"entity","name":"m","entityType":"x","observations":["1"]}
{"type":"entity","name":"m","entityType":"x","observations":["2"]}`), transfer.ImportOptions{BatchSize: size})
		if err != nil || out.Bad != 2 || out.Written[stores.KindEntity] != 2 {
			t.Errorf("%+v %v %v", out.Report, out.bad, err)
		}
		if e, _ := m.entity("n"); e.ID != "01a00000-0000-7000-8000-00000000000a" {
			t.Errorf("%+v", e)
		}
		if e, _ := m.entity("m"); e.Summary != "1" || e.Version != 1 {
			t.Errorf("%+v", e)
		}
	}
}

func TestAForeignHeaderRefusesTheFile(t *testing.T) {
	for _, header := range []string{
		`{"kind":"Header","format":"thalamus-memory","version":2}`, `{"kind":"Header","format":"other","version":1}`,
		`{"kind":"Header","format":"thalamus-memory","version":"1"}`, `{"kind":"Header"}`,
	} {
		m := fresh(t)
		_, err := m.try(strings.NewReader(header+"\n"+`{"kind":"Todo","content":"x"}`), transfer.ImportOptions{})
		if !errors.Is(err, stores.ErrUnsupported) && !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v", header, err)
		}
		if got := strings.Count(m.export(), "\n"); got != 1 {
			t.Errorf("%s: %d lines are stored", header, got-1)
		}
	}
}

func TestADryRunTellsTheSameAndLeavesNothing(t *testing.T) {
	m := fresh(t)
	file := func() io.Reader {
		return io.MultiReader(examples.Memory(), strings.NewReader("\nnonsense\n"), examples.MCPMemory())
	}
	dry, err := m.try(file(), transfer.ImportOptions{DryRun: true, BatchSize: 50})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.export(); strings.Count(got, "\n") != 1 {
		t.Fatalf("%d lines are stored", strings.Count(got, "\n")-1)
	}
	if n := m.embedded.Load(); n != 0 {
		t.Errorf("%d texts were embedded", n)
	}
	wet := m.load(file())
	dry.Elapsed, wet.Elapsed = 0, 0
	if fmt.Sprint(dry) != fmt.Sprint(wet) {
		t.Errorf("told %+v, did %+v", dry, wet)
	}
	again, err := m.try(file(), transfer.ImportOptions{DryRun: true})
	if err != nil || total(again.Written) != 0 {
		t.Errorf("%+v %v", again, err)
	}
}

func TestAnImportStopsWithItsReaderItsContextAndItsStores(t *testing.T) {
	m := fresh(t)
	broken := errors.New("the cable is out")
	_, err := m.try(io.MultiReader(strings.NewReader(`{"kind":"Todo","content":"x"}`+"\n"), iotest.ErrReader(broken)), transfer.ImportOptions{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "after line 1") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transfer.Import(ctx, examples.Memory(), transfer.ImportOptions{Set: m.set, Writer: m.writer}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	m.set.Todos = down{m.set.Todos}
	out, err := m.try(strings.NewReader(`{"kind":"Todo","content":"x"}`), transfer.ImportOptions{})
	if !errors.Is(err, stores.ErrUnavailable) || out.Bad != 0 {
		t.Errorf("%v: lines are not to blame for a store that is down", err)
	}
}

type down struct{ stores.Todos }

func (down) Put(context.Context, stores.Scope, []*stores.Todo) error {
	return stores.Unavailable("records", nil)
}

func TestDanglingReferencesOfALiveMemoryComeBack(t *testing.T) {
	m := fresh(t)
	m.load(examples.Memory())
	page, err := m.set.Todos.List(t.Context(), home, stores.Query{Page: stores.Page{First: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.set.Episodes.Delete(t.Context(), home, []stores.ID{page.Items[0].SourceEpisode}); err != nil {
		t.Fatal(err)
	}
	file := m.export()
	other := fresh(t)
	if out := other.load(strings.NewReader(file)); out.Bad != 0 || other.export() != file {
		t.Errorf("%v", out.bad)
	}
}

func TestProgressRisesToTheEnd(t *testing.T) {
	m := fresh(t)
	var told []transfer.Progress
	out, err := m.try(examples.Memory(), transfer.ImportOptions{BatchSize: 100, Progress: func(p transfer.Progress) { told = append(told, p) }})
	if err != nil || len(told) < 4 {
		t.Fatalf("%v %v", told, err)
	}
	for i := 1; i < len(told); i++ {
		if told[i].Lines < told[i-1].Lines || told[i].Bytes < told[i-1].Bytes || told[i].Done < told[i-1].Done {
			t.Errorf("%+v after %+v", told[i], told[i-1])
		}
	}
	if last := told[len(told)-1]; last.Done != out.Lines || last.Deferred != 0 || last.Lines != 449 || last.Bytes != 311356 {
		t.Errorf("%+v", last)
	}
}

func TestLinesThatWaitLeaveNoFileBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	m := fresh(t)
	out := m.load(strings.NewReader(`{"type":"relation","from":"a","to":"b","relationType":"x"}
{"type":"relation","from":"a","to":"nobody","relationType":"x"}
{"type":"entity","name":"a"}
{"type":"entity","name":"b"}`))
	if out.Bad != 1 || out.Written[stores.KindRelationship] != 1 {
		t.Errorf("%+v %v", out.Report, out.bad)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// TestMangledLinesDoNoHarm imports a thousand lines with bytes changed, swapped and cut: none may end the import, and
// what was taken must be taken for good.
func TestMangledLinesDoNoHarm(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	good := documented(t)
	var file strings.Builder
	for i := range 1200 {
		if i < len(good) {
			file.WriteString(strings.Replace(good[i], `"scope":{"user":"ines","device":"default","agent":"default"},`, "", 1) + "\n")
			continue
		}
		line := good[1+random.IntN(len(good)-1)] // but no header
		id := regexp.MustCompile(`^({"kind":"[a-zA-Z]+","id":")....`)
		line = id.ReplaceAllString(line, fmt.Sprintf(`${1}%04x`, i)) // another noun than the others
		line = regexp.MustCompile(`"(name|label|user|relationType)":"`).ReplaceAllString(line, fmt.Sprintf(`"$1":"%d `, i))
		file.WriteString(mangled(random, []byte(line)) + "\n")
	}
	m := fresh(t)
	first := m.load(strings.NewReader(file.String()))
	if total(first.Written) < 200 || first.Bad < 400 {
		t.Fatalf("%+v", first.Report)
	}
	was := m.export()
	second := m.load(strings.NewReader(file.String()))
	if total(second.Written) != 0 || m.export() != was {
		t.Errorf("first %+v, then %+v", first.Report, second.Report)
	}
	other := fresh(t)
	if out := other.load(strings.NewReader(was)); out.Bad != 0 || other.export() != was {
		t.Errorf("%v", out.bad)
	}
}

// mangled changes a line in up to three places.
func mangled(random *rand.Rand, line []byte) string {
	for range random.IntN(4) {
		at, other := random.IntN(len(line)), random.IntN(len(line))
		switch random.IntN(4) {
		case 0:
			line[at] = byte(random.IntN(256))
		case 1:
			const telling = "0123456789abcdef\"{}[]:,.-"
			line[at] = telling[random.IntN(len(telling))]
		case 2:
			line[at], line[other] = line[other], line[at]
		case 3:
			line = append(line[:at:at], line[min(len(line), at+1+random.IntN(5)):]...)
		}
	}
	return string(line)
}

func TestBadLinesAreToldInTheOrderOfTheFile(t *testing.T) {
	file := strings.Join([]string{
		`{"kind":"Todo","content":""}`, `nonsense`, `{"kind":"Entity","name":""}`, `{"kind":"Episode","sessionId":"s","content":""}`,
		`{"kind":"Profile","content":""}`, `more nonsense`, `{"kind":"Procedure"}`,
	}, "\n")
	for _, size := range []int{1, 2, 500} {
		out, err := fresh(t).try(strings.NewReader(file), transfer.ImportOptions{BatchSize: size})
		if err != nil || len(out.bad) != 7 {
			t.Fatalf("%v %v", out.bad, err)
		}
		for i, b := range out.bad {
			if b.Line != i+1 {
				t.Errorf("batches of %d: %v", size, out.bad)
				break
			}
		}
	}
}
