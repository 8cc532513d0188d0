# cairn. `make` lists what there is to make.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
GO          ?= go
FUZZTIME    ?= 50000x
COUNT       ?= 6

# One setting for all, so that every step finds what the step before compiled; only the race
# detector needs cgo.
export CGO_ENABLED := 0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# A machine without a C compiler runs the same tests without the race detector. It leaves SQLite out, which is C that was
# translated to Go: ten times faster, and what is wrong in how it is used is seen all the same.
RACE    := $(shell command -v "$$($(GO) env CC)" >/dev/null 2>&1 && echo -race -gcflags=modernc.org/...=-race=false)
CLEAN   := test/clean-env
LINT    := .test/bin/golangci-lint
VENV    := $(CURDIR)/.test/venv
# Packages whose tests know -update (a package without that flag refuses it).
GOLDEN  = $(shell grep -rl --include='*_test.go' -E '"cairn.example/internal/(golden|channeltest)"' . | xargs -r -n1 dirname | sort -u)

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-11s %s\n", $$1, $$2}'

.PHONY: build
build: ## write ./cairn: one static binary
	$(GO) build -buildvcs=false -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o cairn ./cmd/cairn

# As go install: GOBIN, else bin in GOPATH. PREFIX=/usr/local puts it where everybody finds it.
BINDIR = $(or $(PREFIX:%=%/bin),$(shell $(GO) env GOBIN),$(firstword $(subst :, ,$(shell $(GO) env GOPATH)))/bin)

.PHONY: install
install: build ## put cairn where a shell finds it: GOBIN, or PREFIX/bin
	@mkdir -p "$(DESTDIR)$(BINDIR)"
	install -m 755 cairn "$(DESTDIR)$(BINDIR)/cairn"
	@case ":$$PATH:" in *":$(BINDIR):"*) ;; *) echo 'not on your PATH yet: export PATH="$(BINDIR):$$PATH"' ;; esac

.PHONY: demo
demo: build ## audit an example organization: no credentials, no network
	@$(CLEAN) ./cairn demo

.PHONY: test
test: test-go test-e2e ## run every test (CAIRN_OFFLINE=1: without the end-to-end ones)

# Modules are fetched first, because clean-env takes the proxy settings away.
.PHONY: test-go
test-go: ## run the hermetic tests: no network, no Python
	@$(GO) list -deps -test ./... >/dev/null
	@$(if $(RACE),,echo 'no C compiler: testing without the race detector')
	$(if $(RACE),CGO_ENABLED=1) $(CLEAN) $(GO) test $(RACE) ./...

.PHONY: test-e2e
ifeq ($(CAIRN_OFFLINE),1)
test-e2e:
	@echo 'CAIRN_OFFLINE=1: skipped test/e2e, the end-to-end tests against an AWS emulator:'
	@grep -hoE '^func Test[A-Za-z0-9]+' test/e2e/*_test.go | grep -v TestMain | sed 's/^func /  skipped /'
	@echo "  skipped $$(ls test/e2e/testdata/*.txtar | wc -l) cases of TestCases, in test/e2e/testdata"
else
test-e2e: build ## run the end-to-end tests against moto's server, installed into .test
	@test/e2e/venv $(VENV)
	@$(GO) list -deps -test -tags e2e ./test/... >/dev/null
	CAIRN_BIN=$(CURDIR)/cairn CAIRN_VENV=$(VENV) $(CLEAN) $(GO) test -count=1 -parallel 8 -timeout 20m -tags e2e ./test/e2e/...
endif

.PHONY: check
check: vet lint fresh tidy ## what a change must pass besides the tests

.PHONY: vet
vet: ## go vet
	$(GO) vet -tags e2e ./...

.PHONY: lint
lint: $(LINT) ## formatting and linters (the first run builds them: seven minutes)
	$(LINT) fmt --diff
	$(LINT) run --allow-parallel-runners ./...

.PHONY: fmt
fmt: $(LINT) ## format the code
	$(LINT) fmt

$(LINT): tools/go.mod tools/go.sum
	@echo 'building the linters'
	@mkdir -p $(@D)
	cd tools && $(GO) build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# Compared with the tree as it stood, so that it also holds beside uncommitted work.
.PHONY: fresh
fresh: ## what is generated is up to date
	@state() { { git status --porcelain; git diff; } | cksum; }; \
	before=$$(state); $(GO) generate ./...; \
	[ "$$before" = "$$(state)" ] || { git status --short; echo 'go generate changed files: commit them'; exit 1; }

.PHONY: tidy
tidy: ## go.mod and go.sum are complete and have nothing idle
	$(GO) mod tidy -diff

.PHONY: update
update: ## rewrite golden files from what the code says now; read the diff
	$(GO) generate ./...
	$(GO) test $(GOLDEN) -update

# A count of inputs, since a duration fails of itself at its end: go.dev/issue/75804.
.PHONY: fuzz
fuzz: ## run every fuzz target on FUZZTIME (50000x) inputs each
	@grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | \
	sed -E 's|^(.*)/[^/]+:[0-9]+:func (.*)|\1 \2|' | sort -u | \
	while read -r dir target; do \
		echo "fuzz $$dir $$target"; \
		$(CLEAN) $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$dir" </dev/null; \
	done

.PHONY: bench
bench: ## run the benchmarks, COUNT (6) times each, for benchstat
	$(CLEAN) $(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./...

.PHONY: recall
recall: ## measure the detections on labelled logs: CAIRN_CORPUS=FOLDER that has them in logs/
	@[ -d "$${CAIRN_CORPUS:-}/logs" ] || { echo 'CAIRN_CORPUS names no folder with logs/ in it'; exit 1; }
	$(GO) test ./test/recall -update

.PHONY: soak
soak: ## the long proofs: hours
	CAIRN_SOAK=1 $(if $(RACE),CGO_ENABLED=1) $(CLEAN) $(GO) test $(RACE) -count=1 -timeout 4h ./...
	$(MAKE) fuzz FUZZTIME=500000x

.PHONY: rule
rule: ## start a new rule: make rule NAME=ct120-my-rule TITLE='What it promises'
	$(GO) run ./internal/newrule "$(NAME)" "$(TITLE)"
	$(GO) test ./detections -update >/dev/null

.PHONY: hooks
hooks: ## check formatting and vet before each commit
	git config core.hooksPath .githooks

.PHONY: clean
clean: ## remove what was built and installed here
	rm -rf cairn .test
