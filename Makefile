.DEFAULT_GOAL := help
.PHONY: help run check test

help: ## Shows this list.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The profile `dev` builds in two thirds of the processor time of `release`, and `make test` uses what it built.
run: ## Builds the command line, without AWS, and runs the function's handler on a sample invocation.
	@echo "S3 tells the function of three new CloudTrail objects: two logs and a digest, which holds no records."
	@echo "It evaluates every record against rules.yaml; folders are S3, this terminal is SNS. The first build takes a minute."
	@cargo run --quiet --locked --no-default-features --features cli -- invoke events/invocations/s3-put.json

check: ## Finds mistakes in rules.yaml and runs the tests of its rules.
	cargo run --quiet --locked -- check
	cargo run --quiet --locked -- test

test: ## Runs all that CI runs: format, lints, documentation, tests, then `check`.
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps
	cargo test --locked
	@$(MAKE) --no-print-directory check
