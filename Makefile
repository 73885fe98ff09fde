# The deployed processor: arm64 or x86_64. The template's parameter follows it.
ARCH ?= arm64
# `dist` is what is deployed. Any other profile builds for this machine, with its own linker: quick, for tests.
PROFILE ?= dist

ifeq ($(filter $(ARCH),arm64 x86_64),)
$(error ARCH is `$(ARCH)`: write `arm64` or `x86_64`)
endif

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := $(CURDIR)/.venv
STACK ?= trailbell
ARTIFACTS_DIR ?= target/function/$(ARCH)
# Such as `--skip-target-check`, where the standard library of the other processor is not rustup's.
CARGO_LAMBDA_FLAGS ?=

# cargo lambda finds zig through the python3 on the PATH.
export PATH := $(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export ARCH PROFILE

.DEFAULT_GOAL := help
.PHONY: help build deploy clean build-TrailbellFunction

help: ## Shows this list.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv: .venv/.installed ## Sets up the tools of build, deploy and test in .venv.

.venv/.installed: tests/aws/requirements.txt
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	.venv/bin/uv pip install --quiet --python .venv/bin/python -r tests/aws/requirements.txt
	touch $@

build: .venv build-TrailbellFunction ## Makes the artifact (bootstrap, rules.yaml) for ARCH.
	@ls -l $(ARTIFACTS_DIR)

# `sam build` calls this one with ARTIFACTS_DIR set.
build-TrailbellFunction: .venv
	mkdir -p $(ARTIFACTS_DIR)
ifeq ($(PROFILE),dist)
	cargo lambda build --profile dist --target $(ARCH:arm64=aarch64)-unknown-linux-gnu $(CARGO_LAMBDA_FLAGS) \
		--no-default-features --features lambda --bin bootstrap --lambda-dir $(ARTIFACTS_DIR) --flatten bootstrap
else
	cargo lambda build --profile $(PROFILE) --compiler cargo $(CARGO_LAMBDA_FLAGS) \
		--features lambda --bin bootstrap --lambda-dir $(ARTIFACTS_DIR) --flatten bootstrap
endif
	cp rules.yaml $(ARTIFACTS_DIR)

deploy: .venv ## Builds for ARCH and deploys with SAM, which asks for the settings.
	sam build --build-in-source --parameter-overrides Architecture=$(ARCH)
	sam deploy --guided --stack-name $(STACK) --capabilities CAPABILITY_IAM --parameter-overrides Architecture=$(ARCH)

clean: ## Removes what was built, and .venv.
	rm -rf .venv .aws-sam target
