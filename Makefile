SAM ?= sam
# The answers of the first deployment.
SAMCONFIG ?= samconfig.toml
STACK ?= trailbell

# The deployed processor: arm64 or x86_64. It sets the template's parameter; that of the last deployment is the default.
SAVED_ARCH := $(shell sed -n 's/^parameter_overrides.*Architecture=\\"\([a-z0-9_]*\)\\".*/\1/p' $(SAMCONFIG) 2>/dev/null)
ARCH ?= $(or $(SAVED_ARCH),arm64)
# `dist` builds what is deployed. Any other profile builds for this machine, with its own linker: quick, for tests.
# Such a build includes a test, so that it shares the AWS SDK of `cargo test`, whose features the dependencies of tests extend.
PROFILE ?= dist

ifneq ($(words $(ARCH))$(filter-out arm64 x86_64,$(ARCH)),1)
$(error ARCH is `$(ARCH)`: write `arm64` or `x86_64`)
endif

# The file of answers belongs to one stack.
SAVED_STACK := $(shell sed -n 's/^stack_name = "\(.*\)"$$/\1/p' $(SAMCONFIG) 2>/dev/null)
ifneq ($(filter-out file default undefined,$(origin STACK)),)
ifneq ($(filter-out $(STACK),$(SAVED_STACK)),)
$(error $(SAMCONFIG) belongs to the stack `$(SAVED_STACK)`: set another SAMCONFIG with STACK=$(STACK))
endif
endif

# The value in the ELF header of each (elf.h: EM_AARCH64, EM_X86_64).
MACHINE_arm64 := 183
MACHINE_x86_64 := 62

# The version in Amazon Linux 2023.
GLIBC := 2.34

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := $(CURDIR)/.venv
ARTIFACTS_DIR ?= target/function/$(ARCH)
# For example `--skip-target-check`, if the standard library of the other processor is not rustup's.
CARGO_LAMBDA_FLAGS ?=

# cargo lambda finds zig through the python3 on the PATH.
export PATH := $(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export ARCH PROFILE

.DEFAULT_GOAL := help
.PHONY: help run stack check test docs fuzz soak cases bench build release deploy doctor redrive clean build-TrailbellFunction \
	build-command

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A panic message names its source file; these flags remove the paths of the machine that built it, so that builds are identical.
NO_PATHS := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src= --remap-path-prefix=$(CURDIR)=trailbell
AS_RELEASED = RUSTFLAGS="$(strip $(RUSTFLAGS) $(NO_PATHS))" cargo lambda build --profile dist \
	--target $(ARCH:arm64=aarch64)-unknown-linux-gnu.$(GLIBC) $(CARGO_LAMBDA_FLAGS)

# The profile `dev` builds in two thirds of the processor time of `release`, and `make test` uses what it built.
run: ## Build the command line, without AWS, and run the function's handler on a sample invocation.
	@echo "S3 notifies the function of three new CloudTrail objects: two log files and a digest, which has no records."
	@echo "The function evaluates every record against rules.yaml. A folder takes the place of S3, and this terminal that of SNS. The first build takes a minute."
	@cargo run --quiet --locked --no-default-features --features cli --bin trailbell -- invoke events/invocations/s3-put.json
	@echo; echo "The whole sample bucket, one line for each alert:"; echo
	@cargo run --quiet --locked --no-default-features --features cli --bin trailbell -- scan --alerts events/bucket 2>/dev/null

# MiniStack, an emulator of AWS, needs other versions of libraries than the tools in .venv.
STACK_VENV := target/stack-venv

$(STACK_VENV)/.installed: tests/stack/requirements.txt
	$(PYTHON) -m venv --clear $(STACK_VENV)
	$(STACK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/stack/requirements.txt
	touch $@

stack: $(STACK_VENV)/.installed ## Deploy the template on an emulator of AWS and show the alerts that arrive; KEEP=1 leaves it running.
	@echo "Building the function with the AWS SDK; the first build takes some minutes."
	@cargo build --quiet --locked --features $(ALL_FEATURES) --bin bootstrap
	@$(STACK_VENV)/bin/python scripts/stack.py

# The command line that `check` runs. `make test` passes the one that it has built.
TRAILBELL ?= cargo run --quiet --locked --no-default-features --features cli --bin trailbell --
# Tests use one build, with all features: other features would build the AWS SDK again.
ALL_FEATURES := aws

check: ## Find mistakes in all rules, warnings included, and run their tests.
	$(TRAILBELL) check --deny warnings
	$(TRAILBELL) test

# Tests that need logs from outside of the repository run where the logs are, and are listed as ignored elsewhere.
ALL_TESTS := $(if $(wildcard ../shared/data/logs),-- --include-ignored)

# Every run draws the same cases in the property tests, so that it fails only because of a change; `make cases` draws others.
TEST_SEED := 17

# Without Chromium, the tests of tests/report are listed as skipped, each by its name.
#
# clippy also checks the command line on its own, because it must build without the AWS SDK. Only the library, which has no
# doctor, has documentation.
test: .venv $(STACK_VENV)/.installed ## Run everything that CI runs: format, lints, documentation, tests with stand-ins for AWS and a browser, then `check`.
	cargo fmt --check
	cargo clippy --locked --no-default-features --features cli -- --deny warnings
	cargo clippy --locked --all-targets --features $(ALL_FEATURES) -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --lib --features $(ALL_FEATURES)
	PROPTEST_RNG_SEED=$(TEST_SEED) cargo test --locked --features $(ALL_FEATURES) $(ALL_TESTS)
	printf '%s\n' $(notdir $(wildcard tests/aws/test_*.py)) | xargs -P 2 -n 1 .venv/bin/python -W ignore -m unittest discover \
		--start-directory tests/aws --pattern
	printf "%s\n" $(notdir $(wildcard tests/stack/test_*.py)) | xargs -P 2 -n 1 $(STACK_VENV)/bin/python -W ignore -m unittest discover \
		--start-directory tests/stack --pattern
	.venv/bin/python -W ignore -m unittest discover --start-directory tests/sql
	.venv/bin/python -W ignore -m unittest discover --start-directory tests/quiet
	.venv/bin/python -W ignore -m unittest discover --start-directory tests/rules_repo
	.venv/bin/python -W ignore -m unittest discover --verbose --start-directory tests/report
	@$(MAKE) --no-print-directory check TRAILBELL="$(or $(CARGO_TARGET_DIR),target)/debug/trailbell"

docs: ## Generate docs/rules.md, docs/data-events.md and the table of overlaps from rules.yaml.
	cargo run --quiet --locked --no-default-features --features cli --bin trailbell -- generate

FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))

# target/fuzz keeps what fuzzing finds beyond the corpus, and the next run starts from there.
fuzz: ## Fuzz every target for FUZZ_SECONDS; needs a nightly compiler and cargo-fuzz.
	@cargo +nightly fuzz --version >/dev/null 2>&1 || \
		{ echo "cargo-fuzz or a nightly compiler is missing: rustup toolchain install nightly; cargo install --locked cargo-fuzz"; exit 1; }
	@set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/$$target; \
		cargo +nightly fuzz run $$target target/fuzz/$$target fuzz/corpus/$$target -- \
			-dict=fuzz/dictionaries/$$target -max_len=4096 -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1; \
	done

SOAK_RECORDS ?= 1000000
SOAK_FAULTS ?= 10000
SOAK_SEED ?= $(shell date +%s)

# `make test` does the same with a hundredth of the records.
soak: ## Run SOAK_RECORDS records and at least SOAK_FAULTS faults through the handler, from SOAK_SEED, and look for losses.
	SOAK_RECORDS=$(SOAK_RECORDS) SOAK_FAULTS=$(SOAK_FAULTS) SOAK_SEED=$(SOAK_SEED) \
		cargo test --release --locked --test soak -- --nocapture

CASES_SEED ?= $(shell date +%s)
# So many times as many random deliveries as in `make test` go through the model of counting.
MODEL_CASES ?= 10

# The line that make prints names the seed; with it, `make cases CASES_SEED=…` draws the same cases again.
cases: ## Run the property tests on cases drawn from CASES_SEED, another one every time.
	PROPTEST_RNG_SEED=$(CASES_SEED) MODEL_CASES=$(MODEL_CASES) cargo test --locked --features $(ALL_FEATURES) --lib --test it

bench: ## Compare the engine with gunzip and print the ratios; needs igzip (isal) and ../shared.
	cargo build --release --locked --no-default-features --features cli
	$(PYTHON) benches/table.py

.venv: .venv/.installed ## Install the tools for build, deploy and test in .venv.

REQUIREMENTS := tests/aws/requirements.txt tests/rules_repo/requirements.txt

.venv/.installed: $(REQUIREMENTS)
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	.venv/bin/uv pip install --quiet --python .venv/bin/python $(addprefix -r ,$(REQUIREMENTS))
	touch $@

build: .venv build-TrailbellFunction ## Build the artifact (bootstrap, rules.yaml, rules.d, overrides.yaml) for ARCH.
	@ls -l "$(ARTIFACTS_DIR)"

# `sam build` calls this target with ARTIFACTS_DIR set.
build-TrailbellFunction: .venv
	mkdir -p "$(ARTIFACTS_DIR)"
ifeq ($(PROFILE),dist)
	$(AS_RELEASED) --no-default-features --features function \
		--bin bootstrap --lambda-dir "$(ARTIFACTS_DIR)" --flatten bootstrap
else
	cargo build --locked --profile $(PROFILE) --features $(ALL_FEATURES) --bin bootstrap --test soak
	cp "$(or $(CARGO_TARGET_DIR),target)/$(PROFILE:dev=debug)/bootstrap" "$(ARTIFACTS_DIR)"
endif
	@test $$(od -An -j18 -N2 -tu2 "$(ARTIFACTS_DIR)/bootstrap") -eq $(MACHINE_$(ARCH)) || \
		{ echo "$(ARTIFACTS_DIR)/bootstrap is not for $(ARCH)"; exit 1; }
	cp rules.yaml "$(ARTIFACTS_DIR)"
	rm -f "$(ARTIFACTS_DIR)/overrides.yaml"
	! test -f overrides.yaml || cp overrides.yaml "$(ARTIFACTS_DIR)"
	rm -rf "$(ARTIFACTS_DIR)/rules.d"
	! test -d rules.d || $(PYTHON) scripts/own_rules.py "$(ARTIFACTS_DIR)"

# Builds the command line for ARCH, with S3, for any Linux with that glibc. cargo lambda names its output bootstrap.
build-command: .venv
	mkdir -p target/command/$(ARCH)
	$(AS_RELEASED) --no-default-features --features $(ALL_FEATURES) \
		--bin trailbell --lambda-dir target/command/$(ARCH) --flatten trailbell
	mv target/command/$(ARCH)/bootstrap target/command/$(ARCH)/trailbell

RELEASE_ARCHS ?= arm64 x86_64

# Builds each binary from the current sources, always with the profile `dist`, because users deploy these files without Rust.
release: .venv check ## Build the files of a release in target/release-VERSION: function and command line for RELEASE_ARCHS.
	@set -e; for arch in $(RELEASE_ARCHS); do \
		$(MAKE) --no-print-directory build-TrailbellFunction build-command ARCH=$$arch PROFILE=dist \
			ARTIFACTS_DIR=target/function/$$arch; \
	done
	.venv/bin/python scripts/release.py $(RELEASE_ARCHS)

# The parameter as SAM writes it, for sed and grep.
SAVED_AS = Architecture=\\"$(ARCH)\\"

OVERRIDES ?= overrides.yaml

# The rules that guard trailbell itself know the stack and the log bucket by these names.
OWN_NAMES = .venv/bin/python scripts/own_names.py $(SAMCONFIG) $(STACK) $(OVERRIDES)

# A second guided run would offer the template's defaults instead of the saved answers.
deploy: .venv ## Check the rules, build for ARCH and deploy with SAM, which asks for the settings the first time.
	@$(OWN_NAMES)
	@$(MAKE) --no-print-directory check
	$(SAM) build --build-in-source --parameter-overrides Architecture=$(ARCH)
ifeq ($(wildcard $(SAMCONFIG)),)
	$(SAM) deploy --guided --stack-name $(STACK) --capabilities CAPABILITY_IAM --parameter-overrides Architecture=$(ARCH)
	@! test -f $(SAMCONFIG) || grep -q '$(SAVED_AS)' $(SAMCONFIG) || \
		{ echo "the build is for $(ARCH), and you chose another Architecture: run make deploy again"; exit 1; }
	@test -z "$$($(OWN_NAMES))" || { echo "$(OVERRIDES): the lists now have the names that you chose; deploying them"; \
		$(MAKE) --no-print-directory deploy; }
else
	@grep -q 'Architecture=\\"[a-z0-9_]*\\"' $(SAMCONFIG) || \
		{ echo '$(SAMCONFIG) has no Architecture=\"...\" in its parameter_overrides: add it'; exit 1; }
	sed -i.old 's/Architecture=\\"[a-z0-9_]*\\"/$(SAVED_AS)/' $(SAMCONFIG) && rm $(SAMCONFIG).old
	$(SAM) deploy --config-file "$(abspath $(SAMCONFIG))" --no-fail-on-empty-changeset
endif

SAVED_REGION := $(shell sed -n 's/^region = "\(.*\)"$$/\1/p' $(SAMCONFIG) 2>/dev/null)

# For example `--no-alert`.
DOCTOR_FLAGS ?=

doctor: ## Check the deployed stack, have it send a test alert, and report what is wrong and how to fix it.
	cargo run --locked --no-default-features --features aws --bin trailbell -- \
		doctor --stack $(or $(SAVED_STACK),$(STACK)) $(addprefix --region ,$(SAVED_REGION)) $(DOCTOR_FLAGS)

redrive: ## Send the events that failed for good to the deployed function again.
	cargo run --locked --no-default-features --features aws --bin trailbell -- \
		redrive $(or $(SAVED_STACK),$(STACK)) $(addprefix --region ,$(SAVED_REGION))

clean: ## Remove what was built, and .venv.
	rm -rf .venv .aws-sam target
