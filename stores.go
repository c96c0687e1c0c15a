package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/open"
)

// openStores opens the stores of a configuration. The default data directory is made with its parents; the parent of one
// that was named must be there, lest a disk that is not mounted be taken for an empty memory.
func openStores(ctx context.Context, cfg *config.Config, o open.Options) (*stores.Set, error) {
	if !decided(cfg, "data") {
		if err := os.MkdirAll(filepath.Dir(cfg.Data), 0o700); err != nil {
			return nil, fmt.Errorf("the data directory %s cannot be made: %w; choose another with --data or THALAMUS_DATA", cfg.Data, err)
		}
	}
	set, err := open.Open(ctx, cfg, o)
	if errors.Is(err, stores.ErrUnavailable) {
		if facts, looked := open.Inspect(ctx, cfg); looked == nil && facts.Locked {
			return nil, heldBy(cfg, facts.Holder)
		}
	}
	return set, err
}

// openMemory opens the stores of a configuration for commands that need what is in them: a directory without a memory is
// a mistake, most likely in its name.
func openMemory(ctx context.Context, cfg *config.Config, log *slog.Logger) (*stores.Set, error) {
	facts, err := open.Inspect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if len(open.Embedded(cfg)) > 0 && !facts.Exists {
		why := "it holds no thalamus.db"
		if !exists(cfg.Data) {
			why = "there is no such directory"
		}
		return nil, fmt.Errorf("no memory in %s: %s; name the right directory with --data or THALAMUS_DATA", cfg.Data, why)
	}
	if err := holding(ctx, cfg, log); err != nil {
		return nil, err
	}
	return openStores(ctx, cfg, open.Options{Log: log})
}

// holding wants something in the servers for graph and records, before they are opened, which might create what is not
// there. One of the two may be empty, which is told.
func holding(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	servers, empty := 0, []string(nil)
	for _, e := range open.Examine(ctx, cfg) {
		if e.Embedded() || e.Role != stores.RoleGraph && e.Role != stores.RoleRecords {
			continue
		}
		role := strings.ToLower(string(e.Role))
		if e.Err != nil {
			return fmt.Errorf("%s: %w", role, e.Err)
		}
		servers++
		if e.Facts.Empty {
			empty = append(empty, role)
			log.WarnContext(ctx, "this store holds nothing", "role", role, "schema", e.Facts.Schema)
		}
	}
	if len(empty) > 0 && len(empty) == servers {
		return fmt.Errorf("no memory in the servers for %s: they hold nothing of Thalamus where the URLs point; correct the database or the namespace", strings.Join(empty, " and "))
	}
	return nil
}

// heldBy says that another process has the data directory open; pid is 0 when it is not known which.
func heldBy(cfg *config.Config, pid int) error {
	who := "another process"
	if pid > 0 {
		who = fmt.Sprintf("the process %d", pid)
	}
	return fmt.Errorf("the data directory %s is open in %s, most likely a running gateway: stop that one first, or choose another directory with --data", cfg.Data, who)
}

// decided says whether an operator gave a key a value.
func decided(cfg *config.Config, key string) bool {
	for _, s := range cfg.Effective() {
		if s.Key == key {
			return s.Source != "default"
		}
	}
	return false
}
