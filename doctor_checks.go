package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/open"
)

// examination is the checks that need a valid configuration.
type examination struct {
	*diagnosis
	cfg    *config.Config
	model  stores.Model // of the embedder; zero when it does not answer
	stored stores.Model // of the vectors that a server keeps
	filled bool         // there are nouns that vectors belong to
	bare   bool         // there are no vectors at all

	entities, records presence // of entities in the graph, and of what belongs to them in the records

	facts      open.Facts // of the database
	unreadable error      // why they are not known
}

// presence says whether something is there, as far as that is known.
type presence struct{ known, yes bool }

// examTimeout bounds the whole examination.
const examTimeout = 20 * time.Second

func (x *examination) all(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, examTimeout)
	defer cancel()
	x.facts, x.unreadable = open.Inspect(ctx, x.cfg)
	x.bare = x.facts.Model == stores.Model{}
	read := x.unreadable == nil && !x.facts.Locked
	x.entities, x.records = presence{read, x.facts.Entities}, presence{read, x.facts.Records}
	x.access(ctx)
	x.operations()
	serving := x.listen(ctx)
	x.directory(serving)
	x.backends(ctx)
	x.together()
	x.vectors()
	x.clock()
}

// listen looks whether the address is free, or taken by a gateway, which it says.
func (x *examination) listen(ctx context.Context) (serving bool) {
	const check = "listen address"
	if err := requireLoopback(x.cfg.Listen); err != nil && !x.cfg.Auth.Configured() {
		x.fail(check, err.Error(), "use --listen 127.0.0.1:8080, or [::1] or localhost with any port; or configure authentication")
		return false
	}
	l, err := listen(ctx, x.cfg.Listen)
	if err == nil {
		_ = l.Close()
		x.ok(check, "%s is free", x.cfg.Listen)
		return false
	}
	switch process, is := x.gateway(ctx); {
	case is && x.ours(process):
		x.ok(check, "the gateway of this data directory is serving at http://%s", x.cfg.Listen)
		return true
	case is && len(open.Embedded(x.cfg)) == 0:
		x.ok(check, "a gateway is serving at http://%s", x.cfg.Listen)
		return true
	case is:
		x.fail(check, fmt.Sprintf("a gateway of another data directory is serving at http://%s", x.cfg.Listen),
			"stop it, choose another address with --listen (port 0 takes a free one), or name its directory with --data")
		return false
	}
	x.fail(check, fmt.Sprintf("%s cannot be listened on", x.cfg.Listen), err.Error())
	return false
}

// ours says whether a gateway that answers at the address is the one that holds the data directory. Where the system does
// not tell who holds it, a gateway that is there while the directory is held counts as that.
func (x *examination) ours(process int) bool {
	return x.facts.Locked && (x.facts.Holder == 0 || x.facts.Holder == process)
}

// gateway says whether a gateway answers at the listen address, and which process it is.
func (x *examination) gateway(ctx context.Context) (process int, is bool) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.cfg.Listen+"/healthz", nil)
	if err != nil {
		return 0, false
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return 0, false
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	process, _ = strconv.Atoi(response.Header.Get(processHeader))
	return process, response.StatusCode == http.StatusOK && response.Header.Get(requestHeader) != ""
}

// lowSpace is when a disk counts as nearly full.
const lowSpace = 1 << 30

// directory looks at the data directory, and at the database in it unless a process has it open.
func (x *examination) directory(serving bool) {
	const check = "data directory"
	dir := x.cfg.Data
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.absent(dir)
		return
	case err != nil:
		x.fail(check, fmt.Sprintf("%s cannot be looked at: %s", dir, reasonOf(err)), "change the permissions of its parents, or choose another with --data")
		return
	case !info.IsDir():
		x.fail(check, dir+" is not a directory", "choose another with --data")
		return
	case !writable(dir):
		x.fail(check, dir+" is not writable by this user", "change its permissions or owner, or choose another with --data")
		return
	}
	if free, known := freeSpace(dir); known && free < lowSpace {
		x.warn(check, fmt.Sprintf("%s is writable, but only %s are free", dir, size(free)), "make room on that disk, or move the directory and name it with --data")
	} else if known {
		x.ok(check, "%s is writable, %s free", dir, size(free))
	} else {
		x.ok(check, "%s is writable", dir)
	}
	if len(open.Embedded(x.cfg)) > 0 {
		x.database(serving)
	}
}

// absent looks whether the directory could be made.
func (x *examination) absent(dir string) {
	const check = "data directory"
	parent := filepath.Dir(dir)
	if !decided(x.cfg, "data") { // then the parents are made, too
		for parent != filepath.Dir(parent) && !exists(parent) {
			parent = filepath.Dir(parent)
		}
	}
	switch {
	case !exists(parent):
		x.fail(check, fmt.Sprintf("%s does not exist, nor does its parent", dir), "create "+parent+", or choose another directory with --data")
	case !writable(parent):
		x.fail(check, fmt.Sprintf("%s does not exist, and %s is not writable by this user", dir, parent), "change the permissions, or choose another directory with --data")
	default:
		x.ok(check, "%s does not exist yet; the first start makes it", dir)
	}
}

// database looks into the embedded database.
func (x *examination) database(serving bool) {
	check := "sqlite (" + strings.ToLower(join(open.Embedded(x.cfg))) + ")"
	facts, err := x.facts, x.unreadable
	holder := "a process"
	if facts.Holder > 0 {
		holder = fmt.Sprintf("the process %d", facts.Holder)
	}
	switch {
	case err != nil:
		x.fail(check, err.Error(), "restore the directory from a backup, or choose another with --data")
	case !facts.Exists:
		x.ok(check, "no database yet; the first start makes it")
	case facts.Locked && serving:
		x.ok(check, "in use by the gateway (%s), %s", holder, size(uint64(facts.Size)))
	case facts.Locked:
		x.warn(check, fmt.Sprintf("%s has the database open, and no gateway answers at %s", holder, x.cfg.Listen), "stop that process before you start a gateway on this directory")
	case facts.Schema > facts.Newest:
		x.fail(check, fmt.Sprintf("schema version %d, and this program knows versions up to %d", facts.Schema, facts.Newest), "run the newer Thalamus that wrote it, or choose another directory with --data")
	case facts.Schema < facts.Newest:
		x.ok(check, "schema version %d, which the next start brings to %d; %s", facts.Schema, facts.Newest, size(uint64(facts.Size)))
	default:
		x.ok(check, "SQLite %s, schema version %d, %s, answers in %s", facts.Version, facts.Schema, size(uint64(facts.Size)), facts.Latency.Round(time.Microsecond))
	}
}

// backends looks at what plays each role outside the embedded database.
func (x *examination) backends(ctx context.Context) {
	for _, e := range open.Examine(ctx, x.cfg) {
		role := strings.ToLower(string(e.Role))
		check := e.Scheme + " (" + role + ")"
		if e.Secret {
			x.warn(check, fmt.Sprintf("a secret is configured for %s, and %s: takes none", role, e.Scheme), "leave it out, or name the server that it is for by --"+role)
		}
		switch {
		case e.Role == stores.RoleGraph && e.Embedded():
			x.filled = x.facts.Exists && !x.facts.Locked && !x.facts.Empty
		case e.Role == stores.RoleGraph:
			x.filled = e.Err == nil && !e.Facts.Empty
			x.entities = presence{e.Err == nil, e.Facts.Entities}
		case e.Role == stores.RoleRecords && !e.Embedded():
			x.records = presence{e.Err == nil, e.Facts.Entities}
		case e.Role == stores.RoleEmbedder:
			x.model = e.Facts.Model
		case e.Role == stores.RoleVectors && !e.Embedded():
			x.stored, x.bare = e.Facts.Model, e.Facts.Empty
		}
		if e.Embedded() && e.Err == nil {
			continue // see database
		}
		if e.Err != nil {
			x.fail(check, e.Err.Error(), fixOf(e.Err))
			continue
		}
		detail := []string{strings.TrimSpace(e.Facts.Product + " " + e.Facts.Version)}
		if e.Facts.Schema != "" {
			detail = append(detail, e.Facts.Schema)
		}
		if e.Latency > 0 {
			detail = append(detail, fmt.Sprintf("answers in %s", e.Latency.Round(100*time.Microsecond)))
		}
		if detail[0] == "" {
			detail[0] = "part of this process"
		}
		x.ok(check, "%s", strings.Join(detail, ", "))
		if apart := time.Until(e.Facts.Clock).Abs(); !e.Facts.Clock.IsZero() && apart > clockSlack {
			x.warn(check, fmt.Sprintf("its clock is %s away from this machine's", apart.Round(time.Second)), "set both clocks, by NTP best")
		}
	}
}

// join lists roles in words.
func join(roles []stores.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// fixOf says what to do about a backend that cannot be used.
func fixOf(err error) string {
	if errors.Is(err, stores.ErrUnavailable) {
		return "start it, or correct its URL"
	}
	return "correct its URL, its secret, or what it lacks"
}

// together looks whether the graph and the records belong to one memory: an entity has its place in both.
func (x *examination) together() {
	if x.entities.known && x.records.known && x.entities.yes != x.records.yes {
		what := "the graph holds entities, and the records none"
		if x.records.yes {
			what = "the records hold entities, and the graph none"
		}
		x.warn("graph and records", what+": they do not belong to one memory",
			"correct the database or the namespace in one of their URLs, or the data directory")
	}
}

// vectors compares the embedder of the stored vectors with the configured one.
func (x *examination) vectors() {
	const check = "embedder and vectors"
	have, embedded := x.stored, slices.Contains(open.Embedded(x.cfg), stores.RoleVectors)
	if embedded {
		have = x.facts.Model
	}
	switch {
	case x.model == stores.Model{}:
	case embedded && x.unreadable != nil:
		x.warn(check, fmt.Sprintf("%s, dimension %d; the stored vectors could not be looked at", x.model.Name, x.model.Dimension), "put the database right first")
	case embedded && x.facts.Locked:
		x.ok(check, "%s, dimension %d; the stored vectors were not looked at, since a process has the database open", x.model.Name, x.model.Dimension)
	case have != stores.Model{} && have != x.model:
		x.fail(check, fmt.Sprintf("the stored vectors were made by %s (dimension %d), the configuration says %s (dimension %d)", have.Name, have.Dimension, x.model.Name, x.model.Dimension),
			"run `thalamus reembed` with this configuration, or configure the old embedder")
	case x.bare && x.filled:
		x.warn(check, "there are memories and no vectors, so recall by meaning finds nothing", "run `thalamus reembed`, or name the store that has the vectors")
	case x.bare:
		x.ok(check, "%s, dimension %d, no vectors yet", x.model.Name, x.model.Dimension)
	case have == stores.Model{}: // their store was not reached
		x.ok(check, "%s, dimension %d", x.model.Name, x.model.Dimension)
	default:
		x.ok(check, "%s, dimension %d, made the stored vectors", have.Name, have.Dimension)
	}
}

// clockSlack is how far clocks of one machine and its disks may differ.
const clockSlack = time.Minute

// clock looks for signs that the clock is wrong: ids and validity depend on it.
func (x *examination) clock() {
	now := time.Now()
	built, _ := time.Parse(time.RFC3339, x.Build.Time)
	latest, what := built, "this program was built"
	if x.facts.Modified.After(latest) {
		latest, what = x.facts.Modified, "the database was written"
	}
	if now.Add(clockSlack).Before(latest) {
		x.warn("clock", fmt.Sprintf("it says %s, and %s at %s", now.UTC().Format(time.RFC3339), what, latest.UTC().Format(time.RFC3339)), "set the clock: new memories would seem older than they are")
		return
	}
	x.ok("clock", "%s", now.UTC().Format(time.RFC3339))
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// reasonOf is an error without the path it repeats.
func reasonOf(err error) string {
	var (
		at   *fs.PathError
		link *os.LinkError
	)
	switch {
	case errors.As(err, &at):
		return at.Err.Error()
	case errors.As(err, &link):
		return link.Err.Error()
	}
	return err.Error()
}
