# What there is to do: make demo, make build, make test, make e2e, make lint, make format, make bench, make bench-small,
# make deps, make clean.

SWIFT ?= swift
BUILD = .build/release/distill-make
PACKAGES = pkg-config libssl-dev libgit2-dev libsimdjson-dev libzstd-dev zlib1g-dev libjq-dev libonig-dev
# Only the tests want these.
TEST_PACKAGES = jq zstd git openssl python3 python3-venv strace
# Only the benchmarks want these; Python packages come into a virtual environment.
BENCH_PACKAGES = hyperfine time git openssl libssl-dev gcc libc6-dev nodejs python3 python3-venv
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo build test e2e lint format bench bench-small deps test-deps bench-deps clean

## Installs what is missing, builds, builds the example data sets, and says where to look.
demo: build
	$(BUILD) all
	@echo
	@echo "The data sets:    exports/rag/playbooks.jsonl  exports/sft/instruction_response.jsonl"
	@echo "                  exports/preference/chosen_rejected.jsonl"
	@echo "What was stopped: exports/quarantine/"
	@echo "The report:       reports/distillation/latest.md"
	@echo "The receipts:     receipts/*/receipt.json   (sha256sum -c receipts/*/outputs.sha256)"
	@echo "Once more:        $(BUILD) all              (nothing to do)"

build: deps
	$(SWIFT) build -c release --product distill-make

## Builds once, in release mode, and runs every test.
test: deps test-deps
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

## The program as a new user runs it, on the example, in a copy.
e2e: build
	.ci/end-to-end $(BUILD)

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

## Measures beside the peers and writes Benchmarks/RESULTS.md; takes hours and some 40 GB of disk. BENCH is flags of
## Benchmarks/run, e.g. make bench BENCH="--jobs noop,append".
bench: build bench-deps
	Benchmarks/run $(BENCH)

## The same with a tenth of the data; the results stay in .build/bench.
bench-small: build bench-deps
	Benchmarks/run --scale 0.1 $(BENCH)

deps:
	@$(call install,$(PACKAGES))

test-deps:
	@$(call install,$(TEST_PACKAGES))

bench-deps:
	@$(call install,$(BENCH_PACKAGES))

clean:
	rm -rf .build

# Asks dpkg first: where nothing is missing, nothing is run and no right to install is needed.
define install
missing=""; for p in $(1); do \
  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
if [ -n "$$missing" ]; then \
  echo "installing:$$missing"; \
  $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
fi
endef
