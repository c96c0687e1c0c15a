package attacks

import (
	"fmt"
	"strings"
)

func sizes(l *list) {
	for _, filler := range []string{" ", ",", "\n", "#\n", "\ufeff", "# and so on\n", "{a}", "a "} {
		for _, n := range []int{70_000, 1_000_000} {
			l.document(fmt.Sprintf("%d bytes of %q", n, filler), "{__typename}"+strings.Repeat(filler, n/len(filler)))
		}
	}
	l.sized("a long name", func(n int) string { return "{" + strings.Repeat("a", n) + "}" }, 10_000, 60_000, 500_000)
	l.sized("a long string", func(n int) string { return `{entity(by:{name:"` + strings.Repeat("a", n) + `"}){id}}` }, 10_000, 60_000, 500_000)
	l.sized("a block string", func(n int) string {
		return `{entity(by:{name:"""` + strings.Repeat("\n  a", n) + `"""}){id}}`
	}, 10_000, 100_000)
	l.sized("escapes", func(n int) string { return `{entity(by:{name:"` + strings.Repeat(`\u0041`, n) + `"}){id}}` }, 10_000, 100_000)
	l.sized("fields", func(n int) string { return "{" + numbered("f%d ", n) + "}" }, 1_000, 3_900, 5_000, 100_000)
	l.sized("punctuation", func(n int) string { return strings.Repeat("!$&()...:=@[]{|}", n) }, 200, 20_000)
}

func nesting(l *list) {
	for _, open := range []string{"[", "{", "(", "{a", "{a(b:", "{a(b:{c:", "{a(b:[", "query($a:[", "{...{", "{...@skip(if:", "fragment a on ["} {
		l.sized("unclosed "+open, func(n int) string { return strings.Repeat(open, n/len(open)) }, 500, 60_000, 1_000_000)
	}
	l.sized("fields", func(n int) string { return `{entity(by:{name:"a"})` + nested("{supersedes", n, "{id}", "}") + "}" }, 30, 900, 3_000, 20_000)
	l.sized("inline fragments", func(n int) string { return "{" + nested("...{", n, "__typename", "}") + "}" }, 30, 900, 3_000, 20_000)
	l.sized("typed fragments", func(n int) string { return "{" + nested("...on Query{", n, "__typename", "}") + "}" }, 30, 900, 3_000)
	l.sized("lists", func(n int) string { return "{nodes(ids:" + nested("[", n, "", "]") + "){id}}" }, 30, 900, 5_000, 30_000)
	l.sized("objects", func(n int) string { return "{episodes(where:" + nested("{not:", n, "{}", "}") + "){totalCount}}" }, 20, 30, 900, 5_000)
	l.sized("a list in objects", func(n int) string { return "{episodes(where:" + nested("{and:[", n, "{}", "]}") + "){totalCount}}" }, 10, 400, 3_000)
	l.sized("types", func(n int) string { return "query($a:" + nested("[", n, "Int", "]") + "){__typename}" }, 30, 900, 30_000)
	l.sized("defaults", func(n int) string { return "query($a:Int=" + nested("[", n, "1", "]") + "){__typename}" }, 30, 900, 30_000)
}

func aliases(l *list) {
	for _, field := range []string{"__typename", "profile{id}", `entity(by:{name:"a"}){id}`, "episodes{totalCount}", "backends{name}", "__schema{types{name}}"} {
		l.sized(field, func(n int) string { return "{" + numbered("a%d:"+field+" ", n) + "}" }, 40, 101, 1_000, 20_000)
	}
	l.sized("beneath", func(n int) string { return "{profile{" + numbered("a%d:id ", n) + "}}" }, 99, 101, 1_000, 20_000)
	l.sized("of mutations", func(n int) string {
		return "mutation{" + numbered(`a%d:deleteTodo(input:{id:"x"}){deleted}`, n) + "}"
	}, 40, 101, 1_000)
	l.sized("in fragments", func(n int) string {
		return "{" + strings.Repeat("profile{...F}", n) + "} fragment F on Profile{" + numbered("a%d:id ", n) + "}"
	}, 9, 40, 300)
	l.sized("one under another's name", func(n int) string { return "{profile{" + strings.Repeat("content:summary ", n) + "}}" }, 50, 1_000)
}

func repetition(l *list) {
	for _, field := range []string{"__typename", "profile{id}", "episodes{edges{node{id}}}", "episodes(first:5){totalCount}"} {
		l.sized(field, func(n int) string { return "{" + strings.Repeat(field+" ", n) + "}" }, 45, 3_000, 10_000)
	}
	l.sized("beneath", func(n int) string { return "{profile{" + strings.Repeat("id ", n) + "}}" }, 100, 500, 3_000, 10_000)
	l.sized("objects within objects", func(n int) string {
		inner := "{" + strings.Repeat("edges{"+strings.Repeat("node{id} ", n)+"} ", n) + "}"
		return "{" + strings.Repeat("episodes"+inner+" ", n) + "}"
	}, 3, 8, 15, 25)
	l.sized("inline fragments of fields", func(n int) string {
		return "{profile{" + strings.Repeat("...{"+strings.Repeat("id ", n/2)+"}", n) + "}}"
	}, 10, 40, 200)
	l.sized("a conflict", func(n int) string {
		return "{profile{" + strings.Repeat("a:id a:content ", n) + "}}"
	}, 20, 50, 1_000)
	l.sized("arguments that differ", func(n int) string {
		return "{profile{" + numbered("episodes(first:%d){totalCount} ", n) + "}}"
	}, 20, 90, 1_000)
	l.sized("arguments", func(n int) string { return "{episodes(" + strings.Repeat("first:1 ", n) + "){totalCount}}" }, 100, 1_000, 10_000)
}

// chain makes n fragments, each of which holds what body makes of the name of the next.
func chain(n int, on, body, last string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on %s{%s}", i, on, strings.ReplaceAll(body, "NEXT", fmt.Sprintf("F%d", i+1)))
	}
	fmt.Fprintf(&b, " fragment F%d on %s{%s}", n, on, last)
	return b.String()
}

func bombs(l *list) {
	for _, n := range []int{10, 24, 26, 60, 98} {
		l.document(fmt.Sprintf("spread twice, %d", n), "{...F0}"+chain(n, "Query", "...NEXT ...NEXT", "__typename"))
		l.document(fmt.Sprintf("two aliases, %d", n), `{entity(by:{name:"a"}){...F0}}`+chain(n, "Entity", "a:supersedes{...NEXT} b:supersedes{...NEXT}", "id"))
		l.document(fmt.Sprintf("fields twice, %d", n), `{entity(by:{name:"a"}){...F0}}`+chain(n, "Entity", "supersedes{...NEXT} supersedes{...NEXT}", "id"))
		l.document(fmt.Sprintf("inline, %d", n), "{...F0}"+chain(n, "Query", "...{...NEXT} ...on Query{...NEXT}", "__typename"))
		l.document(fmt.Sprintf("unused, %d", n), "{__typename}"+chain(n, "Query", "...NEXT ...NEXT ...NEXT", "__typename"))
		l.document(fmt.Sprintf("of unknown types, %d", n), "{...F0}"+chain(n, "Nothing", "...NEXT ...NEXT", "__typename"))
	}
	l.sized("all spread all that follow", func(n int) string {
		var b strings.Builder
		b.WriteString("{...F0}")
		for i := range n {
			fmt.Fprintf(&b, " fragment F%d on Query{__typename ", i)
			for j := i + 1; j < n; j++ {
				fmt.Fprintf(&b, "...F%d ", j)
			}
			b.WriteString("}")
		}
		return b.String()
	}, 9, 20, 40)
	l.sized("wide", func(n int) string {
		return "{" + strings.Repeat("...F ", n) + "} fragment F on Query{" + strings.Repeat("__typename ", n) + "}"
	}, 40, 100, 1_500)
	l.sized("many", func(n int) string {
		return "{" + numbered("...F%d ", n) + "}" + numbered(" fragment F%d on Query{__typename}", n)
	}, 90, 101, 1_000, 10_000)
	l.sized("a line", func(n int) string { return "{...F0}" + chain(n, "Query", "...NEXT", "__typename") }, 90, 101, 2_000)
	l.sized("one name", func(n int) string { return "{...F}" + strings.Repeat(" fragment F on Query{...F}", n) }, 2, 99, 1_000)
	l.document("subscription", "subscription{...F0}"+chain(30, "Subscription", "...NEXT ...NEXT", "__typename"))
	l.document("mutation", "mutation{...F0}"+chain(30, "Mutation", "...NEXT ...NEXT", "__typename"))
}

func cycles(l *list) {
	for name, document := range map[string]string{
		"self": "{...A} fragment A on Query{...A}", "unused": "{__typename} fragment A on Query{...A}",
		"two":     "{...A} fragment A on Query{...B} fragment B on Query{...A}",
		"inline":  "{...A} fragment A on Query{...{...{...A}}}",
		"field":   "{episodes{edges{node{...A}}}} fragment A on Episode{next{...A}}",
		"aliases": "{episodes{edges{node{...A}}}} fragment A on Episode{a:next{...A} b:next{...A} c:previous{...A}}",
		"many":    "{...F0}" + chain(50, "Query", "...NEXT ...NEXT", "...F0"),
	} {
		l.document(name, document)
	}
	l.sized("a ring", func(n int) string { return "{...F0}" + chain(n, "Query", "...NEXT", "...F0") }, 40, 98, 2_000)
}

func directives(l *list) {
	for _, d := range []string{"@skip(if:false)", "@include(if:true)", "@nothing", "@defer", "@cost(weight:\"1\")", "@skip"} {
		l.sized(d+" on a field", func(n int) string { return "{__typename " + strings.Repeat(d, n) + "}" }, 1, 99, 2_000, 12_000)
		l.sized(d+" on fields", func(n int) string { return "{" + strings.Repeat("__typename "+d+" ", n) + "}" }, 30, 1_000)
		l.document(d+" elsewhere", "query($a:Int "+d+")"+d+"{..."+d+"{__typename} ...F"+d+"} fragment F on Query "+d+"{__typename}")
	}
	l.sized("in fragments", func(n int) string {
		return "{" + strings.Repeat("...F ", n) + "} fragment F on Query{__typename " + strings.Repeat("@skip(if:false)", n) + "}"
	}, 9, 60, 1_000)
}

func definitions(l *list) {
	l.sized("variables", func(n int) string { return "query(" + numbered("$v%d:Int ", n) + "){__typename}" }, 99, 101, 5_000)
	l.sized("variables that are used", func(n int) string {
		return "query(" + numbered("$v%d:Int ", n) + "){" + numbered("a%d:episodes(first:$v%[1]d){totalCount}", n) + "}"
	}, 40, 101, 1_000)
	l.sized("one variable", func(n int) string { return "query(" + strings.Repeat("$v:Int ", n) + "){__typename}" }, 99, 5_000)
	l.sized("variables of no type", func(n int) string { return "query(" + numbered("$v%d:Nothing!=1 ", n) + "){__typename}" }, 90, 2_000)
	l.sized("operations", func(n int) string { return numbered("query q%d{__typename}", n) }, 19, 21, 5_000)
	l.sized("operations of one name", func(n int) string { return strings.Repeat("query q{__typename}", n) }, 19, 5_000)
	l.sized("operations without a name", func(n int) string { return strings.Repeat("{__typename}", n) }, 2, 19, 5_000)
	for _, name := range []string{"nothing", "q1 ", strings.Repeat("q", 60_000), "\x00", "__proto__"} {
		l.add(Attack{Name: fmt.Sprintf("the operation %.20q", name), Query: numbered("query q%d{__typename}", 3), Operation: name})
	}
	l.document("no operation", "fragment F on Query{__typename}")
	l.document("no document", " ")
	l.document("a schema", "type Query{a:Int} extend type Query{b:Int} schema{query:Query}")
	l.document("no such kind of operation", "quest{__typename}")
	l.document("subscription to a query", "subscription{episodes{totalCount}}")
}

func introspection(l *list) {
	const full = "__schema{types{name description fields(includeDeprecated:true){name description args{name type{...T}} type{...T}} " +
		"inputFields{name type{...T}} enumValues{name description} interfaces{...T} possibleTypes{...T}}directives{name args{name type{...T}}}}"
	const t = " fragment T on __Type{kind name ofType{kind name ofType{kind name ofType{name}}}}"
	l.document("full", "{"+full+"}"+t)
	l.sized("full, aliases", func(n int) string { return "{" + numbered("a%d:"+full+" ", n) + "}" + t }, 2, 5, 20, 90)
	for _, n := range []int{2, 3, 5, 9, 200} {
		l.document(fmt.Sprintf("circular, %d", n), "{__schema{types"+nested("{fields{type", n, "{name}", "}}")+"}}")
		l.document(fmt.Sprintf("circular by __type, %d", n), `{__type(name:"Query")`+nested("{fields{type", n, "{name}", "}}")+"}")
		l.document(fmt.Sprintf("possible types, %d", n), `{__type(name:"Node")`+nested("{possibleTypes{interfaces", n, "{name}", "}}")+"}")
		l.document(fmt.Sprintf("input fields, %d", n), `{__type(name:"EpisodeWhere")`+nested("{inputFields{type{ofType", n, "{name}", "}}}")+"}")
		l.document(fmt.Sprintf("by fragments, %d", n), "{__schema{types{...F0}}}"+chain(n, "__Type", "fields{type{...NEXT}} possibleTypes{...NEXT}", "name"))
	}
	l.sized("types by name", func(n int) string { return "{" + numbered(`a%d:__type(name:"Episode"){fields{name}}`, n) + "}" }, 40, 1_000)
	l.document("of nothing", `{__type(name:"Nothing"){name}}`)
}

func suggestions(l *list) {
	for name, part := range map[string]string{
		"field": "episode%d{id} ", "field of an interface": "a:node(id:1){contents%d}", "argument": "episodes(frist%d:1){totalCount} ",
		"type": "...on Episod%d{id} ", "enum": "episodes(orderBy:[{field:TIMESTAMPS%d}]){totalCount} ",
		"input field": "episodes(where:{contents%d:1}){totalCount} ", "leaf": "l%d:episodes ", "no leaf": "__typename{id%d} ",
		"fragment": "...Nothing%d ", "operator": "episodes(where:{content:{equals%d:1}}){totalCount} ",
	} {
		l.sized(name, func(n int) string { return "{" + numbered(part, n) + "}" }, 1, 45, 300, 3_000)
	}
}
