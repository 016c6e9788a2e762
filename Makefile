# The commands of this project. Each does the set-up that it needs.

SHELL := /bin/bash
# Later steps use what earlier ones build.
.NOTPARALLEL:

.PHONY: pkg demo test fmt lint test-host test-js test-contracts test-corpus test-browser test-e2e test-recipes test-bundlers faults sim fuzz bench planted-trap collector size clean

pkg: ## Builds the npm package into pkg/ and prints what it weighs.
	@scripts/setup wasm
	@scripts/build-wasm
	@node scripts/build-package.mjs
	@node scripts/sizes.mjs

demo: ## Starts collector and booking page, books once and shows what arrived. ONCE=1 ends after that.
	@scripts/setup wasm browser
	@scripts/build-wasm
	@node scripts/build-package.mjs
	@$(MAKE) --no-print-directory collector
	@source scripts/tools && ONCE=$(ONCE) node scripts/demo.mjs

test: ## Everything that CI runs. Each runner prints its own summary.
	@scripts/setup wasm browser clippy bundlers
	@$(MAKE) --no-print-directory fmt pkg lint test-host collector planted-trap test-js test-contracts test-corpus test-browser test-e2e test-recipes test-bundlers

faults: ## Plays faults in Chromium, Firefox and WebKitGTK and prints what became of the events. ENGINES= and FAULTS= choose.
	@scripts/setup wasm browser firefox webkit
	@scripts/build-wasm
	@node scripts/build-package.mjs
	@$(MAKE) --no-print-directory collector
	@source scripts/tools && export GECKODRIVER="$${GECKODRIVER:-$$TOOLS/geckodriver/bin/geckodriver}" && \
		ENGINES=$(ENGINES) FAULTS=$(FAULTS) node tests/faults/table.mjs

sim: ## Plays random seeds for MINUTES (5) in the simulator; SIM_SEED=n plays one again.
	SIM_MINUTES=$(or $(MINUTES),5) cargo test --locked --features broken-trackers --test sim -- --nocapture minutes

fuzz: ## Looks for MINUTES (5) for texts that the core reads or writes otherwise than serde_json.
	@scripts/fuzz $(or $(MINUTES),5)

bench: ## What a call costs, and the mirror at the start of a page.
	@scripts/setup wasm browser
	@scripts/build-wasm
	@node scripts/build-package.mjs
	@$(MAKE) --no-print-directory collector
	@source scripts/tools && node scripts/bench.mjs

collector:
	@echo "build: compiling the collector"
	@cargo build --quiet --locked -p collector

planted-trap:
	@scripts/build-wasm --planted-trap
	@node scripts/build-package.mjs --planted-trap

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	cargo clippy --quiet --locked -p posthog-booking-tracker --all-targets --features broken-trackers -- -D warnings
	source scripts/tools && wasm_cargo clippy --quiet --locked -p posthog-booking-tracker --lib --test web --features planted-trap -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --no-deps -p posthog-booking-tracker
	cd js && node_modules/.bin/biome check --error-on-warnings src test ../tests/contracts ../tests/corpus ../tests/e2e \
		../tests/faults ../tests/recipes ../tests/bundlers ../examples/calcom-team-gate ../scripts ../src/bindings
	cd js && node_modules/.bin/tsc --noEmit && node_modules/.bin/tsc --noEmit -p test

test-host:
	cargo test --locked --workspace
	cargo test --locked --features broken-trackers --test sim
	cargo test --locked --profile testrelease -p posthog-booking-tracker --lib

test-js:
	node scripts/test-js.mjs

# The pages of the tests are realms of node:vm, which import by this flag.
VM_MODULES = NODE_OPTIONS="--experimental-vm-modules --no-warnings"

test-contracts: ## PostHog's SDK contracts, by the built package on a clock that stands still: as WebAssembly, and without.
	$(VM_MODULES) node --test --test-reporter=spec tests/contracts/*.test.mjs
	$(VM_MODULES) CONTRACT_ENTRY=no-wasm node --test --test-reporter=spec tests/contracts/*.test.mjs

test-corpus: ## A few hundred cases of calls, and the events that they make, held against what was recorded.
	$(VM_MODULES) node --test --test-reporter=spec tests/corpus/*.test.mjs

test-browser:
	source scripts/tools && CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER="$$WASM_BINDGEN-test-runner" \
		wasm_cargo test --locked -p posthog-booking-tracker --test web

test-e2e:
	source scripts/tools && node --test --test-concurrency=1 --test-reporter=spec tests/e2e/*.test.mjs

test-recipes: ## The team gate as hosts set it up: from Cal.com's tables, by a PostHog flag, by the server that renders the page.
	source scripts/tools && node --test --test-concurrency=1 --test-reporter=spec tests/recipes/*.test.mjs

test-bundlers: ## Pages that import the package, by Vite, webpack and esbuild without a plugin.
	@scripts/setup bundlers
	source scripts/tools && node --test --test-concurrency=1 --test-reporter=spec tests/bundlers/*.test.mjs

clean:
	rm -rf target pkg js/engine js/node_modules tests/bundlers/node_modules
