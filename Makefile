# Weir. `make` alone lists what there is. `make run` and `make test` need nothing done before them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What `make run` and `make serve` hand to the server, e.g. make run ARGS="--listen tcp://0.0.0.0:1883 --data /tmp/weir"
ARGS ?=
# One set of flags for every target, so that nothing is compiled twice.
SWIFT_BUILD := swift build -c release

.PHONY: help setup setup-test run serve build test check lint format black-box compare drill drill-figures fuzz fuzz-api simulate torture clean

help: ## list the targets
	@echo "Usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the system packages that a build needs, where they are missing
	@.ci/setup build

setup-test: ## the same for the tests: clients of other makers, and Python packages in .build/venv
	@.ci/setup test

# How the example device in C is started; weir demo sets the variables.
DEVICE := --port $$WEIR_PORT --id $$WEIR_DEVICE --queue $$WEIR_DIRECTORY/$$WEIR_DEVICE.queue --rate 5 --status 1
run: ## a whole site at work: server on 127.0.0.1:1883, devices, an app, an uplink that fails, a cloud, and the balance
	@.ci/setup run
	@$(SWIFT_BUILD) --product weir
	@$(SWIFT_BUILD) --product swift-edge-app
	@$(MAKE) --silent -C examples/c-device BUILD="$(CURDIR)/.build/c-device"
	@exec .build/release/weir demo --device '"$(CURDIR)/.build/c-device/device" $(DEVICE)' \
		--app '"$(CURDIR)/.build/release/swift-edge-app" --target $$WEIR_RPC' $(ARGS)

serve: build ## the server alone: MQTT on 127.0.0.1:1883, data in ./weir-data
	@exec .build/release/weir serve $(ARGS)

build: setup ## build the server: .build/release/weir
	@$(SWIFT_BUILD) --product weir

test: setup-test ## every test there is; the last line says how many passed and failed
	@.ci/test

check: ## only the unit tests, in debug mode: the quick loop
	@swift test

black-box: setup-test build ## only the tests that speak to the running server; K=name picks some
	@.build/venv/bin/python -m pytest -c Tests/BlackBox/pytest.ini Tests/BlackBox $(if $(K),-k "$(K)")

# What `make compare` hands to the comparison, e.g. make compare ARGS="--rounds 1 --only routing"
compare: setup-test build ## Weir and Debian's mosquitto side by side, every scenario in alternation
	@python3 Tests/Compare/compare.py --weir .build/release/weir $(ARGS)

# What `make drill` hands to the drill, e.g. make drill ARGS="--seconds 3600 --database postgresql"
drill: setup-test build ## the uplink's outage drill: link cut, silent, slow, flapping; kill -9 of everybody; needs root
	@.build/venv/bin/python Tests/Drill/drill.py $(ARGS)

# Which of the two, e.g. make drill-figures FIGURE=backlog ARGS="--events 1000000"
FIGURE ?= backlog
drill-figures: setup-test build ## what a backlog of 20 million events costs the site; FIGURE=alarm: how fast an alarm overtakes
	@.build/venv/bin/python Tests/Drill/figures.py $(FIGURE) $(ARGS)

FUZZ_SECONDS ?= 300
fuzz: setup ## feed the decoder random bytes, FUZZ_SECONDS long
	@Tests/Fuzz/run decoder $(FUZZ_SECONDS)

API_EXAMPLES ?= 100
fuzz-api: setup-test build ## ask the ETSI APIs for what their OpenAPI documents say and do not say
	@.build/venv/bin/python Tests/BlackBox/fuzz_api.py --examples $(API_EXAMPLES)

SEEDS ?= 1000000
simulate: setup-test ## crash the broker over a false disk, SEEDS times; Ctrl-C stops; a failure prints its seed
	@$(SWIFT_BUILD) --product weirPackageTests
	@WEIR_SEEDS=$(SEEDS) swift test -c release --skip-build --disable-testable-imports --disable-xctest --filter CrashSimulationTests

KILLS ?= 200
torture: build ## kill -9 the running server KILLS times under load, and count what was acknowledged
	@python3 Tests/Torture/torture.py --kills $(KILLS)

lint: ## tell where the formatting differs from .swift-format
	@swift format lint --strict --parallel --recursive Package.swift Sources Tests

format: ## put the formatting right
	@swift format --in-place --parallel --recursive Package.swift Sources Tests

clean: ## remove everything that was built
	@rm -rf .build
