# Everything a developer does here. `make` alone lists it; CI runs `check` and `test`.
#
# Run and test share the dev profile (dependencies optimised), so that nothing is
# compiled twice: docs/decisions/0003-dev-profile-for-run-and-test.md.

# Clippy compiles our own crates, in place of rustc: what is tested has been linted, once
# (docs/decisions/0026-clippy-compiles-what-is-tested.md). Not what is optimised for release.
export RUSTC_WORKSPACE_WRAPPER := clippy-driver

.DEFAULT_GOAL := help
.PHONY: help run build test torture attack fuzz check fmt bench bench-engine bench-triggers bench-calls bench-store e2e tools guest web ready peers mutants cron

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Cargo unifies the features of dependencies over the packages of one command: by building the
# whole workspace here, too, run and e2e find compiled what the tests have compiled.
BINARIES := cargo build --workspace --bins
NODE_HOME = $(patsubst %/bin/,%,$(dir $(realpath $(shell command -v node))))
HAS_NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ready ## Serve the product with the sample business on http://127.0.0.1:8080
	@$(BINARIES)
	@exec $(TARGET)/debug/scriptorium serve --demo

build: ready ## Leave the optimised binary at target/release/scriptorium
	RUSTC_WORKSPACE_WRAPPER= cargo build --release --package scriptorium-cli

test: ready ## Every test: units, doc examples, the product in a browser
	@.ci/need package postgresql /usr/lib/postgresql/*/bin/initdb
	@.ci/need package nginx nginx
	@.ci/need package haproxy haproxy
ifeq ($(HAS_NEXTEST),yes)
	cargo nextest run --workspace
else
	cargo test --workspace --lib --bins --tests --examples
endif
	cargo test --doc --workspace
	@$(MAKE) --no-print-directory e2e

e2e: ready ## The product in a browser: sign in, write, run, look back
	@.ci/need package chromium chromium
	$(BINARIES) --quiet
	npm ci --prefix e2e --no-audit --no-fund --loglevel=error
	SCRIPTORIUM_BIN=$(TARGET)/debug/scriptorium node --test e2e/*.test.mjs

# BIN=target/release/scriptorium has other servers than those of the dev profile, which a hundred thousand
# events in each scenario take hours with.
torture: ready ## The store and the servers killed, stopped and cut off in the middle of their work; EVENTS=1000
	@.ci/need package postgresql /usr/lib/postgresql/*/bin/initdb
	@.ci/need package faketime faketime
	SCRIPTORIUM_STORE_KILLS=500 cargo nextest run --workspace --no-capture -E 'test(survive_kill_9)'
	$(if $(BIN),SCRIPTORIUM_BIN=$(abspath $(BIN))) SCRIPTORIUM_LEDGER_EVENTS=$(or $(EVENTS),1000) cargo nextest run --workspace --profile cron --run-ignored all --no-capture -E 'test(ledger_of)'

cron: ready ## Schedules at every clock change from 1970 to 2037, and among killed servers
	cargo nextest run --workspace --profile cron --run-ignored only --no-capture -E 'test(every_clock_change)'
	SCRIPTORIUM_CRON_SECONDS=300 cargo nextest run --workspace --profile cron --no-capture \
		-E 'test(three_servers_that_are_killed) + test(three_years_of_kills)'

attack: ready ## The whole attack corpus, and everything that is generated, as a table
	cargo nextest run --workspace --profile attack --run-ignored only --no-capture -E 'test(whole_corpus)'

# What is known to be hard to read, beside the seeds.
CORPUS_source := crates/scriptorium-runtime/tests/attacks crates/scriptorium-engine/tests/scripts examples/scripts

# SECONDS=… of another length; `make fuzz-values` is one target alone. Without sanitizers, so that the stable
# compiler will do. What fails lies in fuzz/regressions afterwards, where every commit tests it.
fuzz: fuzz-values fuzz-source fuzz-settings ## Fuzz values, sources and settings, each for SECONDS=60

fuzz-%: guest
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked --quiet cargo-fuzz
	@cp Cargo.lock fuzz/Cargo.lock
	@mkdir -p fuzz/corpus/$* fuzz/regressions/$*
	RUSTC_WORKSPACE_WRAPPER= cargo fuzz run --fuzz-dir fuzz --sanitizer none --features $* $* \
		fuzz/corpus/$* fuzz/seeds/$* fuzz/regressions/$* $(CORPUS_$*) -- \
		-max_total_time=$(or $(SECONDS),60) -timeout=10 -print_final_stats=1 -artifact_prefix=fuzz/regressions/$*/

mutants: ready ## Walls and limits taken out one by one, and whether a test notices; NAME=… for some
	cargo xtask mutants $(NAME)

check: ready ## Formatting, lints and the rules of the house, without running a test
	cargo fmt --all --check
	cargo xtask lint
	cargo xtask tidy

fmt: ## Format the Rust sources
	cargo fmt --all

BENCH := RUSTC_WORKSPACE_WRAPPER= cargo run --release --package scriptorium-bench --

bench: ready peers ## Figures beside their peers, half an hour; WRITE=1 renews docs/benchmarks.md
	$(BENCH) --json $(TARGET)/bench.json $(if $(WRITE),--write)

bench-engine: ready peers ## The engine only, beside its peers: fresh, suspended, CPU suite
	$(BENCH) --engine --json $(TARGET)/bench-engine.json

bench-triggers: ready ## Events, schedules, endpoints on both databases, a quarter of an hour; WRITE=1 renews docs/benchmarks.md
	@.ci/need package postgresql /usr/lib/postgresql/*/bin/initdb
	@.ci/need package wrk wrk
	$(BENCH) --triggers --json $(TARGET)/bench-triggers.json $(if $(WRITE),--write)

bench-calls: ready ## What calls of scripts cost, beside the same in Rust; WRITE=1 renews docs/benchmarks.md
	$(BENCH) --calls --json $(TARGET)/bench-calls.json $(if $(WRITE),--write)

# EXECUTIONS=… of another size, ONLY=sqlite or postgres, DIR=… on the disk to be measured (it takes 35 GB
# of it), KEEP=1 leaves the filled databases there and asks them the next time.
bench-store: ready ## The store, ten million executions on both databases; WRITE=1 renews docs/benchmarks.md
	@.ci/need package postgresql /usr/lib/postgresql/*/bin/initdb
	RUSTC_WORKSPACE_WRAPPER= CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo run --package scriptorium-store --example bench_store -- \
		$(if $(EXECUTIONS),--executions $(EXECUTIONS)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(DIR),--dir $(DIR)) $(if $(KEEP),--keep) $(if $(WRITE),--write)

# isolated-vm is compiled when it is installed, against the headers that came with Node. Without it
# its row is left out.
peers: tools
	@cd bench/node && { [ node_modules/.package-lock.json -nt package-lock.json ] \
		|| npm_config_nodedir=$(NODE_HOME) npm ci --no-audit --no-fund --loglevel=error \
		|| echo "make: isolated-vm cannot be installed here; its row is left out." >&2; }

ready: tools guest web

tools:
	@.ci/need tools

guest: tools
	@[ -d .tools/zig ] || .ci/need pip
	@cargo xtask guest

web: tools
	@cargo xtask web
