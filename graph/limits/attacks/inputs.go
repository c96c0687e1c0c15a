package attacks

import (
	"encoding/base64"
	"fmt"
	"strings"
)

func numbers(l *list) {
	fields := []string{
		"episodes(first:N){totalCount}", "entities(last:N){totalCount}", "profile{episodes(first:N){totalCount}}", "drift(first:N){total}",
		`entity(by:{name:"a"}){neighbors(first:N){id}}`, `entity(by:{name:"a"}){similar(first:N){score}}`, `recall(input:{text:"a",first:N}){hits{rank}}`,
		`recall(input:{text:"a",expand:{depth:N}}){hits{rank}}`, `neighborhood(of:"a",depth:N){truncated}`, `path(from:"a",to:"b",maxDepth:N){length}`,
	}
	values := []string{"-5", "0", "201", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775808", "1e400", "1" + strings.Repeat("0", 400), `"1"`, "true", "[1]", "null", "{}", "NaN", "1.5"}
	for i, field := range fields {
		l.document(field+" of all numbers", "{"+strings.ReplaceAll(numbered("a%d:"+field+" ", 1), "N", values[i%len(values)])+"}")
	}
	for _, v := range values {
		l.document("first: "+v[:min(len(v), 30)], "{episodes(first:"+v+"){edges{node{id}}}}")
		l.add(Attack{Name: "a variable of " + v[:min(len(v), 30)], Query: "query($n:Int){episodes(first:$n){edges{node{id}}}}", Variables: `{"n":` + v + `}`})
	}
	l.add(Attack{Name: "a weight", Query: "query($w:Float){episode(id:\"a\"){relationships(minWeight:$w){totalCount}}}", Variables: `{"w":1e308}`})
	l.add(Attack{Name: "a long duration", Query: `mutation{decayRelationships(input:{staleAfter:"P999999999999Y"}){decayed}}`})
	l.add(Attack{Name: "a late instant", Query: `{entities(validAt:"9999999-12-31T23:59:59Z"){totalCount}}`})
}

func cursors(l *list) {
	for _, cursor := range []string{
		"", "x", "bm90IGEgY3Vyc29y", strings.Repeat("A", 16), strings.Repeat("A", 17), strings.Repeat("A", 60_000), "../../etc/passwd", "é", "\x00",
		base64.RawURLEncoding.EncodeToString([]byte(`{"v":1,"k":["2026-01-01T00:00:00Z","0190"]}`)), "AAAA====",
	} {
		l.add(Attack{Name: fmt.Sprintf("%.20q", cursor), Query: "query($c:String){episodes(after:$c){edges{node{id}}} entities(last:3,before:$c){totalCount}}", Variables: `{"c":` + quoted(cursor) + `}`})
	}
}

func ids(l *list) {
	global := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	list := []string{
		"", "x", "1", "Episode:1", global("Episode:"), global("Nothing:01900000-0000-7000-8000-000000000000"), global("Episode:01900000-0000-7000-8000-000000000000"),
		global("Todo:01900000-0000-7000-8000-000000000000"), global("Saga:01900000-0000-7000-8000-000000000000"), global("Episode:' OR 1=1 --"), global("Episode:\x00"),
		global(strings.Repeat("Episode:", 5_000)), strings.Repeat("A", 60_000), "//", "\u202e",
	}
	for _, id := range list {
		name := fmt.Sprintf("%.30q", id)
		l.add(Attack{Name: name, Query: "query($i:ID!){node(id:$i){id} episode(id:$i){content} todo(id:$i){content}}", Variables: `{"i":` + quoted(id) + `}`})
	}
	for _, n := range []int{200, 201, 5_000} {
		many := "[" + strings.TrimSuffix(strings.Repeat(quoted(list[6])+",", n), ",") + "]"
		l.add(Attack{Name: fmt.Sprintf("%d nodes", n), Query: "query($i:[ID!]!){nodes(ids:$i){id ...on Episode{similar{score} entities{name}}}}", Variables: `{"i":` + many + `}`})
		l.add(Attack{Name: fmt.Sprintf("%d to forget", n), Query: "mutation($i:[ID!]!){forget(input:{ids:$i}){forgotten}}", Variables: `{"i":` + many + `}`})
	}
}

func filters(l *list) {
	where := func(name, value string) {
		l.add(Attack{Name: name, Query: "query($w:EpisodeWhere){episodes(where:$w){totalCount}}", Variables: `{"w":` + value + `}`})
	}
	for _, n := range []int{5, 30, 900, 9_000} {
		where(fmt.Sprintf("not, %d deep", n), nested(`{"not":`, n, `{"content":{"contains":"a"}}`, "}"))
		where(fmt.Sprintf("and, %d deep", n), nested(`{"and":[`, n, `{"content":{"contains":"a"}}`, "]}"))
	}
	for _, n := range []int{50, 1_000, 5_000} {
		term := strings.TrimSuffix(strings.Repeat(`{"content":{"contains":"a"}},`, n), ",")
		where(fmt.Sprintf("or, %d wide", n), `{"or":[`+term+`]}`)
		where(fmt.Sprintf("in, %d", n), `{"sessionId":{"in":[`+strings.TrimSuffix(strings.Repeat(`"a",`, n), ",")+`]}}`)
		where(fmt.Sprintf("fan, %d", n), `{"or":[`+strings.TrimSuffix(strings.Repeat(`{"and":[`+term[:min(len(term), 28*20+19)]+`]},`, n/50), ",")+`]}`)
	}
	for _, text := range []string{"%", strings.Repeat("%_", 5_000), strings.Repeat("*", 50_000), `\`, "' OR '1'='1", "`", "\x00", strings.Repeat("a", 500_000), "(?:a+)+$"} {
		where(fmt.Sprintf("contains %.20q", text), `{"content":{"contains":`+quoted(text)+`}}`)
	}
	where("an unknown field", `{"nothing":{"eq":1}}`)
	where("an unknown operator", `{"content":{"regex":"(a+)+"}}`)
	where("wrong types", `{"content":{"eq":{"eq":[1]}},"timestamp":{"gt":1}}`)
	l.add(Attack{Name: "orders", Query: "query($o:[EpisodeOrder!]){episodes(orderBy:$o){totalCount}}", Variables: `{"o":[` + strings.TrimSuffix(strings.Repeat(`{"field":"TIMESTAMP"},`, 5_000), ",") + `]}`})
}

func texts(l *list) {
	for _, text := range []string{
		strings.Repeat("word ", 12_000), strings.Repeat("a", 500_000), `" OR NEAR(a b) *`, "^a:b -c +d", "\x00", `\ud800`, strings.Repeat("\u0301", 20_000), "\u202e\u2066", "{{7*7}}", "${jndi:a}",
		"'; DROP TABLE nodes; --", "`}) DETACH DELETE n //", strings.Repeat("(", 5_000), "", " ",
	} {
		q := quoted(text)
		if text == `\ud800` {
			q = `"\ud800"` // half of a pair, which Go would not write
		}
		l.add(Attack{Name: fmt.Sprintf("recall %.20q", text), Query: "query($t:String!){recall(input:{text:$t}){hits{rank}}}", Variables: `{"t":` + q + `}`})
		l.add(Attack{Name: fmt.Sprintf("a name %.20q", text), Query: "query($t:String!){entity(by:{name:$t}){id}}", Variables: `{"t":` + q + `}`})
	}
}

func lists(l *list) {
	const id = "RW50aXR5OjAxYTA5ZWQ0LTc5ODAtNzNjZS1hN2I3LThkNTMxNjRhOTY3Ng" // of the sample memory
	many := func(value string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(value+",", n), ",") + "]"
	}
	for _, a := range []struct{ declared, query, value string }{
		{"$l:[RelationType!]", `{entity(by:{name:"Grafana"}){neighbors(types:$l){id} relationships(types:$l){edges{cursor}}}}`, `"USES"`},
		{"$l:[RelationType!]", `{neighborhood(of:"` + id + `",types:$l){truncated} path(from:"` + id + `",to:"` + id + `",types:$l){length}}`, `"USES"`},
		{"$l:[RecallKind!]", `{recall(input:{text:"a",kinds:$l}){hits{rank}}}`, `"EPISODE"`},
		{"$l:[EntityType!]", `{recall(input:{text:"a",where:{entityTypes:$l}}){hits{rank}}}`, `"TOOL"`},
		{"$l:[DriftKind!]", `{drift(kinds:$l){total}}`, `"ORPHAN_POINT"`},
		{"$l:[ID!]", `mutation{createEpisode(input:{sessionId:"s",content:"c",entities:$l}){problems{code}}}`, quoted(id)},
		{"$l:[ID!]", `mutation{forget(input:{where:{episodes:{id:{in:$l}}}}){problems{code}}}`, quoted(id)},
		{"$l:[String!]", `mutation{upsertEntity(input:{name:"n",keywords:$l,aliases:$l}){problems{code}}}`, `"a"`},
		{"$l:[Float!]", `mutation{createEpisode(input:{sessionId:"s",content:"c",capsule:{poses:$l,activations:$l}}){problems{code}}}`, `1e300`},
	} {
		document := strings.Replace(a.query, "{", "query("+a.declared+"){", 1)
		if operation, rest, ok := strings.Cut(a.query, "{"); ok && operation != "" {
			document = operation + "(" + a.declared + "){" + rest
		}
		for _, n := range []int{1, 1_000, 9_000} {
			l.add(Attack{Name: fmt.Sprintf("%.60s, %d", a.query, n), Query: document, Variables: `{"l":` + many(a.value, n) + `}`})
		}
	}
}

func costs(l *list) {
	for _, n := range []int{2, 3, 4, 7} {
		l.document(fmt.Sprintf("lists in lists, %d", n), "{entities(first:200){edges{node"+nested("{neighbors(first:200){...on Entity", n, "{id}", "}}")+"}}}")
		l.document(fmt.Sprintf("likenesses, %d", n), "{episodes(first:200){edges{node"+nested("{similar(first:100){node", n, "{id}", "}}")+"}}}")
	}
	for _, field := range []string{"episodes(first:200){edges{node{similar(first:100){score}}}}", `recall(input:{text:"a",first:200}){hits{rank}}`, "drift{total}", "backends{name}", "entities(first:200){totalCount edges{node{neighbors(first:200){id}}}}"} {
		l.sized(field, func(n int) string { return "{" + numbered("a%d:"+field+" ", n) + "}" }, 45)
	}
	l.add(Attack{Name: "by variables", Query: "query($n:Int){episodes(first:$n){edges{node{similar(first:$n){node{similar(first:$n){node{id}}}}}}}}", Variables: `{"n":100}`})
	l.add(Attack{Name: "everything to forget", Query: "mutation{" + numbered(`a%d:forget(input:{where:{todos:{content:{eq:"nothing"}}}}){forgotten}`, 40) + "}"})
}

func variables(l *list) {
	const any = "query($j:JSON){__typename}"
	for _, n := range []int{100, 9_000, 100_000} {
		l.add(Attack{Name: fmt.Sprintf("lists, %d deep", n), Query: any, Variables: `{"j":` + nested("[", n, "", "]") + `}`})
		l.add(Attack{Name: fmt.Sprintf("objects, %d deep", n), Query: any, Variables: `{"j":` + nested(`{"a":`, n, "1", "}") + `}`})
		l.add(Attack{Name: fmt.Sprintf("unclosed, %d deep", n), Query: any, Variables: strings.Repeat(`{"a":`, n)})
		l.add(Attack{Name: fmt.Sprintf("undeclared, %d", n), Query: "{__typename}", Variables: "{" + strings.TrimSuffix(numbered(`"v%d":1,`, min(n, 50_000)), ",") + "}"})
		l.add(Attack{Name: fmt.Sprintf("a list of %d", n), Query: "query($i:[ID!]!){nodes(ids:$i){id}}", Variables: `{"i":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}`})
		l.add(Attack{Name: fmt.Sprintf("metadata, %d", n), Query: "mutation($m:JSON){upsertEntity(input:{name:\"a\",metadata:$m}){problems{code}}}", Variables: `{"m":` + nested(`{"a":`, n, "1", "}") + `}`})
	}
	for _, value := range []string{"[]", `"x"`, "1", "null", `{"":1}`, `{"__proto__":{"a":1}}`} {
		l.add(Attack{Name: value, Query: "query($n:Int){episodes(first:$n){totalCount}}", Variables: value})
	}
}

func persisted(l *list) {
	const hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for name, extension := range map[string]string{
		"hash only": `{"version":1,"sha256Hash":"` + hash + `"}`, "another version": `{"version":2,"sha256Hash":"` + hash + `"}`,
		"no version": `{"sha256Hash":"` + hash + `"}`, "no hash": `{"version":1}`, "no object": `[1]`, "a number": `{"version":1,"sha256Hash":1}`,
		"a long hash": `{"version":1,"sha256Hash":"` + strings.Repeat("a", 500_000) + `"}`, "null": "null",
	} {
		l.add(Attack{Name: name, Extensions: `{"persistedQuery":` + extension + `}`})
		l.add(Attack{Name: name + ", of another document", Query: "{__typename}", Extensions: `{"persistedQuery":` + extension + `}`})
	}
}

func malformed(l *list) {
	for name, body := range map[string]string{
		"nothing": " ", "a batch": `[{"query":"{__typename}"},{"query":"{__typename}"}]`, "a large batch": "[" + strings.Repeat(`{"query":"{__typename}"},`, 20_000) + "{}]",
		"a string": `"{__typename}"`, "null": "null", "query twice": `{"query":"{__typename}","query":"{a}"}`, "variables twice": `{"query":"{__typename}","variables":{},"variables":{}}`,
		"a key twice in variables": `{"query":"{__typename}","variables":{"a":1,"a":2}}`, "trailing junk": `{"query":"{__typename}"}{"query":"{a}"}`,
		"another case": `{"Query":"{__typename}"}`, "NaN": `{"query":"{__typename}","variables":{"a":NaN}}`, "infinity": `{"query":"{__typename}","variables":{"a":-Infinity}}`,
		"a huge number": `{"query":"{__typename}","variables":{"a":1e999999}}`, "many digits": `{"query":"{__typename}","variables":{"a":` + strings.Repeat("9", 500_000) + `}}`,
		"invalid UTF-8": "{\"query\":\"{a\xff\xfe}\"}", "overlong UTF-8": "{\"query\":\"{\xc0\xaf}\"}", "a BOM": "\ufeff" + `{"query":"{__typename}"}`, "UTF-16": "\xff\xfe{\x00}\x00",
		"cut short": `{"query":"{__type`, "a zero": "{\"query\":\"{__typename}\x00\"}", "an escaped zero": `{"query":"{__typename\u0000}"}`, "half a pair": `{"query":"{\ud800}"}`,
		"a number as query": `{"query":1}`, "a list as query": `{"query":["{a}"]}`, "unknown keys": "{" + numbered(`"k%d":1,`, 50_000) + `"query":"{__typename}"}`,
		"deep unknown keys": `{"k":` + nested("[", 9_000, "", "]") + `,"query":"{__typename}"}`, "gzip": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "too large": `{"query":"` + strings.Repeat(" ", 2<<20) + `"}`,
		"brackets": strings.Repeat("[", 1_000_000), "braces": strings.Repeat(`{"a":`, 200_000), "single quotes": `{'query':'{__typename}'}`, "a comment": `{"query":"{__typename}"/**/}`,
	} {
		l.add(Attack{Name: name, Body: body})
	}
}
