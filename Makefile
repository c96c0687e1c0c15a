# Go is all that `make demo` needs. Node is needed to rebuild the playground and for two of the test suites.

LINT_VERSION := v2.12.2
LINT         := bin/golangci-lint-$(LINT_VERSION)
SERVERS_RUN  := ./stores/storestest/servers/run
ARGS         ?=

.DEFAULT_GOAL := help
.PHONY: help demo serve build test services race chaos soak lint generate bench playground clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  ARGS are passed on: make serve ARGS="--listen 127.0.0.1:0", make test ARGS="-run Recall ./graph/..."'
	@echo '  SERVERS chooses servers: make test SERVERS=none for the quick tests that need none, SERVERS="neo4j redis" for those two'

demo: ## Build, then serve the sample memory with example queries until Ctrl-C
	@echo 'Building (a minute or two the first time) ...'
	@go build -o bin/thalamus .
	@exec bin/thalamus demo $(ARGS)

serve: build ## Build, then serve your own memory until Ctrl-C
	@exec bin/thalamus serve $(ARGS)

build: ## Build bin/thalamus
	go build -o bin/thalamus .

test: ## Set up and run all tests; what this machine lacks is listed at the end (with CI=true that is a failure)
	@go run .ci/tests.go $(ARGS)

services: ## Start the servers that tests need, print how to name them to tests, and stay until Ctrl-C
	@go run $(SERVERS_RUN)

# SQLite is translated from C and waits for its own locks: watching each of its memory accesses takes five times as long.
race: ## Run the Go tests under the race detector, without the longest suites, against Redis and MariaDB
	CI= go run $(SERVERS_RUN) -servers "redis mariadb" go test -race -short -gcflags='modernc.org/...=-race=false' $(or $(ARGS),./...)

chaos: ## Kill gateways and servers while clients write, and see what is left; ARGS="-kills 20 split" for a part
	go run ./resilience/chaos/run $(ARGS)

soak: ## Run the long forms of tests that wear the gateway down, and print their figures; ARGS="-run Attacks ./graph" for a part
	THALAMUS_SOAK=1 go test -count=1 -p 1 -timeout 2h -v $(or $(ARGS),-run 'Soak|StalledReaders|Linearizable' . ./graph/... ./resilience/...)

lint: $(LINT) ## Check style and the floors of the architecture
	GOLANGCI_LINT_CACHE=$(CURDIR)/bin/lint $(LINT) run $(ARGS)

$(LINT):
	GOBIN=$(CURDIR)/bin/install go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv bin/install/golangci-lint $@

generate: ## Regenerate code from the schema, and the reference pages from code
	go tool gqlgen
	cd graph/transport/internal/testschema && go tool gqlgen
	go test ./config -run TestMarkdownIsCommitted -update
	go test ./graph/schema -update

bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem $(or $(ARGS),./...)

playground: ## Rebuild the web app (needs Node); commit its dist together with the source
	cd playground && npm ci --no-audit --no-fund && npm run build

clean: ## Remove what was built or installed; memories are kept
	rm -rf bin graph/transport/audits/node_modules playground/node_modules
