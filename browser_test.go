package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium that notes what a page does.
type browser struct {
	mu       sync.Mutex
	requests []string
	noise    []string // of the console: errors, warnings, exceptions, violations
}

// browse opens a browser, or skips the test for lack of one.
func browse(t *testing.T) (context.Context, *browser) {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		absent(t, "chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WindowSize(1400, 900), chromedp.WSURLReadTimeout(patience))
	ctx, stop := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // waits until the browser has gone
	b := &browser{}
	chromedp.ListenTarget(ctx, b.note)
	return ctx, b
}

func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		b.requests = append(b.requests, e.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			b.noise = append(b.noise, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.noise = append(b.noise, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		for _, argument := range e.Args {
			if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning || strings.Contains(string(argument.Value), "CSP") {
				b.noise = append(b.noise, string(argument.Value))
			}
		}
	}
}

// watchPolicy runs in the page before its own scripts.
const watchPolicy = `addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))`

// The playground opens without a request to anywhere else and without a violation of its policy, and answers its first
// example with data and the calls it took.
func TestPlaygroundInABrowser(t *testing.T) {
	ctx, b := browse(t)
	s := serving(t, home(t), "demo", "--data", t.TempDir())
	s.output.await(t, "Ctrl-C ends the demo")
	var answer, calls, status string
	var idle bool
	err := chromedp.Run(ctx,
		network.Enable(), log.Enable(),
		chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := page.AddScriptToEvaluateOnNewDocument(watchPolicy).Do(ctx)
			return err
		}),
		chromedp.Navigate(s.URL+"/"),
		chromedp.WaitVisible("#run", chromedp.ByID),
		chromedp.Click("#run", chromedp.ByID),
		chromedp.WaitVisible("#trace-total", chromedp.ByID),
		chromedp.Text("#trace-total", &calls, chromedp.ByID),
		chromedp.Text("#run-status", &status, chromedp.ByID),
		// Editors live in shadow roots.
		chromedp.Poll(`(() => {
			const texts = [...document.querySelectorAll('#result *')].filter(e => e.shadowRoot).map(e => e.shadowRoot.textContent)
			return texts.find(text => text.includes('"episodes"'))
		})()`, &answer, chromedp.WithPollingTimeout(patience)),
		chromedp.Evaluate(`new Promise(done => requestIdleCallback(() => done(true)))`, &idle, awaited),
	)
	if err != nil {
		t.Fatalf("%v; the console said %q", err, b.noise)
	}
	wants(t, "the result", answer, `"episodes"`, `"entities"`, `"Ines Okafor"`)
	wants(t, "the status", status, "Answered", "200")
	if calls == "" || calls == "0" || len(calls) > 1 {
		t.Errorf("%q backend calls are shown, want 1 to 9", calls)
	}
	requests, noise := b.noted()
	for _, request := range requests {
		if u, err := url.Parse(request); err != nil || u.Scheme != "data" && u.Host != strings.TrimPrefix(s.URL, "http://") {
			t.Errorf("a request to %s", request)
		}
	}
	if len(requests) < 4 || len(noise) > 0 {
		t.Errorf("requests %q; the console said %q", requests, noise)
	}

	// A violation would have been noticed.
	if err := chromedp.Run(ctx, chromedp.Evaluate(`new Promise(done => {
		addEventListener('securitypolicyviolation', () => done(true))
		new Image().src = 'https://elsewhere.invalid/x.png'
	})`, &idle, awaited)); err != nil {
		t.Fatal(err)
	}
	for len(noise) == 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
		_, noise = b.noted()
	}
	wants(t, "the console", strings.Join(noise, "\n"), "img-src")
}

// resultHas waits until the result shows a text, and scrolls through it meanwhile: editors draw what is in sight only.
func resultHas(text string) chromedp.Action {
	var found bool
	return chromedp.Poll(fmt.Sprintf(`(() => {
		const scroller = document.querySelector('#result .editor')?.shadowRoot.querySelector('.cm-scroller')
		if (!scroller || scroller.textContent.includes(%q)) return !!scroller
		const { scrollTop, clientHeight, scrollHeight } = scroller
		scroller.scrollTop = scrollTop + clientHeight < scrollHeight - 1 ? scrollTop + clientHeight / 2 : 0
	})()`, text), &found, chromedp.WithPollingTimeout(patience))
}

// statusHas waits until the line above the result says something.
func statusHas(text string) chromedp.Action {
	var found bool
	return chromedp.Poll(fmt.Sprintf(`document.querySelector('#run-status').textContent.includes(%q)`, text), &found, chromedp.WithPollingTimeout(patience))
}

// scrolled scrolls the query sideways, to be seen when another one takes its place.
const scrolled = `(() => {
	const scroller = document.querySelector('#query-editor .editor').shadowRoot.querySelector('.cm-scroller')
	scroller.scrollLeft = 40
	return scroller.scrollLeft > 0
})()`

// unscrolled tells whether the query is shown from its beginning.
const unscrolled = `document.querySelector('#query-editor .editor').shadowRoot.querySelector('.cm-scroller').scrollLeft === 0`

// The playground shows every event of a subscription as it arrives, while another tab writes, until it is told to stop. When
// it was cut off it goes on behind the last event.
func TestPlaygroundListensInABrowser(t *testing.T) {
	ctx, b := browse(t)
	s := serving(t, home(t), "demo", "--data", t.TempDir())
	s.output.await(t, "Ctrl-C ends the demo")
	gateway, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(httputil.NewSingleHostReverseProxy(gateway)) // cuts connections
	t.Cleanup(front.Close)
	write := func(content string) {
		t.Helper()
		a := query(t, s.URL, `mutation($content: String!) { createTodo(input: {content: $content}) { problems { message } } }`, map[string]any{"content": content})
		if len(a.Errors) > 0 {
			t.Fatal(a.Errors)
		}
	}
	do := func(what string, actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			_, noise := b.noted()
			t.Fatalf("%s: %v; the console said %q", what, err, noise)
		}
	}
	do("listen", network.Enable(), log.Enable(), chromedp.Navigate(front.URL+"/"),
		chromedp.Click(`[data-example="18-live"]`, chromedp.ByQuery), chromedp.Click("#run", chromedp.ByID),
		statusHas("Listening"), resultHas("CaughtUp"))
	write("seen from afar")
	do("an event", resultHas("seen from afar"), statusHas("Listening"))
	var sideways, straight bool
	do("another tab", chromedp.Evaluate(scrolled, &sideways), chromedp.Click(`[data-example="13-remember"]`, chromedp.ByQuery), chromedp.Poll(unscrolled, &straight, chromedp.WithPollingTimeout(patience)),
		chromedp.Click("#run", chromedp.ByID), statusHas("Answered"))
	do("back again", chromedp.Click(`//button[@role="tab" and contains(., "Live")]`, chromedp.BySearch), statusHas("Listening"), resultHas("relate"))
	if _, noise := b.noted(); !sideways || len(noise) > 0 {
		t.Errorf("scrolled sideways: %v; the console said %q", sideways, noise)
	}
	front.CloseClientConnections()
	do("a cut", statusHas("Cut off"))
	write("seen afterwards")
	do("go on", chromedp.Click("#run", chromedp.ByID), statusHas("Listening"), resultHas("seen afterwards"), resultHas("seen from afar"))
	do("stop", chromedp.Click("#stop", chromedp.ByID), statusHas("Stopped"), chromedp.WaitVisible("#run", chromedp.ByID))
	await(t, "the stream has ended", func() bool {
		_, metrics, _ := get(t, s.URL+"/metrics")
		return strings.Contains(metrics, `thalamus_live_connections{transport="sse"} 0`)
	})
}

func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

func (b *browser) noted() (requests, noise []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests), slices.Clone(b.noise)
}
