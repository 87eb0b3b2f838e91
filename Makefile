# Plain make (3.81, as macOS ships it, is enough). On Windows or with conda: see README.md.

PYTHON ?= python3
LAB_ARGS ?=
PRESENT_ARGS ?=
HUB_ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
LEARNER := $(VENV)/.learner-stamp
TESTER := $(VENV)/.tester-stamp
PRESENTER := $(VENV)/.presenter-stamp
HUB := $(VENV)/.hub-stamp
PROXY := configurable-http-proxy@5.3.0
INPUTS := pyproject.toml requirements.lock $(wildcard helpers/jupyter/*.json helpers/jupyter/*/*.json)
LOCK_VENV := .lock-venv
LEGACY_VENV := .legacy-venv
LEGACY_PY := $(LEGACY_VENV)/bin/python
LEGACY := $(LEGACY_VENV)/.stamp
LEGACY_PINS := notebooks/legacy/requirements.txt
CASES := tests/cases/reports.jsonl
NBVAL := --nbval-lax --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg \
	--nbval-cell-timeout 120 -n 2 --dist loadscope

.PHONY: help lab present hub hub-progress hub-load hub-check bundle bundle-check test lint check env-check lock vocab refresh minutes \
	guide legacy refresh-legacy bench compare fuzz score golden screenshots clean

help:
	@echo "make lab          open JupyterLab on the first notebook (LAB_ARGS=\"--no-browser --port 8899\" passes through)"
	@echo "make present      show the labs alone, large, for a projector (PRESENT_ARGS=\"--theme=dark\" passes through)"
	@echo "make hub          one server for the room, as root (HUB_ARGS=\"--learners 30\" passes through; --help says what else)"
	@echo "make hub-progress which exercises are solved there, on one page; make hub-load measures how many learners fit"
	@echo "make hub-check    run three learners through lesson 01 on a hub, and try to reach what is another's"
	@echo "make bundle       write one archive into dist/, for machines like this one that have no internet (450 MB)"
	@echo "make bundle-check install that archive with the network cut, and run a lesson there"
	@echo "make test         run the tests, the doctests and the notebook gate"
	@echo "make check        say whether this installation works"
	@echo "make lint         ruff and mypy"
	@echo "make env-check    install environment.yml's pip part in a clean venv and check it"
	@echo "make lock         resolve pyproject.toml into requirements.lock again"
	@echo "make refresh      run the notebooks and store their outputs"
	@echo "make minutes      count how long each lesson takes, by the rule in tests/tools/minutes.py"
	@echo "make guide        write anew what the instructor guide has from the notebooks"
	@echo "make legacy       run the notebook on old TensorFlow code, in an environment of its own (2.4 GB)"
	@echo "make refresh-legacy  run it there and store its outputs"
	@echo "make vocab        train helpers/vocab/vocab.txt again"
	@echo "make screenshots  take the screenshots in a real browser"
	@echo "make bench        measure what the lab, a diagnosis, a trace and the notebook gate cost"
	@echo "make compare      the same beside tensor-sensor and torchinfo, which it installs"
	@echo "make score        say how many cases the diagnosis names: ours, and a file's (CASES=FILE.jsonl)"
	@echo "make fuzz         check_loss on 100,000 random calls, the labs on 2,000 random settings"
	@echo "make golden       write what is said of some programs into tests/golden"
	@echo "make clean        remove everything that can be made again"

# Without a key of its own, what a kernel shows could be read by anybody with an account on this machine.
ENCRYPTED := --KernelManager.transport_encryption=auto

# ServerApp.ip is said here so that no configuration of the learner's own opens the server to the network.
# In a container everybody is root, which Jupyter refuses unless told.
lab: $(LEARNER)
	$(PY) -m jupyterlab --ServerApp.ip=localhost --ServerApp.root_dir="$(CURDIR)" $(ENCRYPTED) \
		--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		$$([ "$$(id -u)" != 0 ] || echo --allow-root) $(LAB_ARGS)

# classroom/ holds the page's template: Voilà's own asks servers on the internet for icons and diagrams. And a page
# that is left asks for its kernel's end without the proof of origin that Voilà's server wants: each would leave
# 450 MB behind. The kernel's id, which no other page knows, is proof enough.
present: $(PRESENTER)
	JUPYTER_PATH="$(CURDIR)/classroom$${JUPYTER_PATH:+:$$JUPYTER_PATH}" $(PY) -m voila classroom/present.ipynb \
		--token --Voila.ip=localhost --template=projector --show_tracebacks=True --Voila.tornado_settings=disable_check_xsrf=1 \
		--Voila.kernel_websocket_connection_class=helpers.server.Prompt \
		$(ENCRYPTED) $(PRESENT_ARGS)

# As root: it gives every learner an account of its own.
hub: $(HUB)
	$(PY) classroom/hub/room.py $(HUB_ARGS)

hub-progress: $(HUB)
	$(PY) classroom/hub/progress.py $(HUB_ARGS)

hub-load: $(HUB)
	$(PY) classroom/hub/load.py $(HUB_ARGS)

hub-check: $(HUB) $(TESTER)
	SHAPE_CLINIC_REQUIRE_HUB=1 $(PY) -m pytest tests/classroom/test_hub.py

bundle: $(PY)
	$(PY) classroom/bundle/bundle.py

bundle-check: $(TESTER)
	archive="$$($(PY) classroom/bundle/bundle.py)" && \
		SHAPE_CLINIC_BUNDLE="$$archive" $(PY) -m pytest tests/classroom/test_bundle.py

# Last of all the notebook gate, so that a failing helper is seen before the notebooks that need it. A thread each: two
# kernels that train side by side would wait for each other's second one, minutes instead of seconds.
test: $(TESTER)
	$(PY) -m pytest -n 2 --dist loadscope
	OMP_NUM_THREADS=1 $(PY) -m pytest $(NBVAL) notebooks/*.ipynb

lint: $(TESTER)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

check: $(LEARNER)
	$(PY) -m helpers

env-check: $(TESTER)
	$(PY) .ci/env_check.py

# uv, not pip: it resolves for Linux, macOS and Windows at once, and pip's settings on this machine don't reach it.
lock: $(LOCK_VENV)/bin/uv
	$(LOCK_VENV)/bin/uv pip compile --universal --upgrade --python-version 3.11 --all-extras --fork-strategy fewest \
		--no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock pyproject.toml

vocab: $(LEARNER)
	$(PY) -m helpers.vocab.train

refresh: $(TESTER)
	$(PY) tests/tools/refresh.py

minutes: $(TESTER)
	$(PY) tests/tools/minutes.py

guide: $(TESTER)
	$(PY) tests/tools/guide.py

# Old TensorFlow code, which no learner's environment runs. pyproject.toml's pytest settings are for the other one: -c.
legacy: $(LEGACY)
	$(LEGACY_PY) -m pytest -c /dev/null --rootdir="$(CURDIR)" -p no:cacheprovider $(NBVAL) notebooks/legacy/*.ipynb

refresh-legacy: $(LEGACY)
	$(LEGACY_PY) tests/tools/refresh.py notebooks/legacy/*.ipynb

bench: $(TESTER)
	$(PY) tests/tools/bench.py
	$(PY) tests/tools/bench_gate.py
	$(PY) tests/tools/bench_browser.py

# These stand in a dependency group of their own: no learner needs them, and one test, which is skipped without.
compare: $(TESTER)
	$(PY) -m pip install --quiet --no-deps tensor-sensor graphviz torchinfo
	$(PY) -m pytest tests/model/test_trace.py -k torchinfo
	$(PY) tests/tools/bench.py diagnosis trace

score: $(TESTER)
	$(PY) tests/score_cases.py
	$(PY) tests/score_cases.py $(CASES)

fuzz: $(TESTER)
	SHAPE_CLINIC_FUZZ=100000 $(PY) -m pytest tests/diagnosis/test_fuzz.py -n 2 --dist load
	SHAPE_CLINIC_WALK=2000 $(PY) -m pytest tests/lab/test_lab.py tests/lab/test_keras_lab.py -k every_setting

golden: $(TESTER)
	$(PY) tests/test_golden.py --write

screenshots: $(TESTER)
	$(PY) tests/tools/pictures.py

clean:
	rm -rf $(VENV) $(LOCK_VENV) $(LEGACY_VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; ok = sys.version_info >= (3, 11); v = "%d.%d" % sys.version_info[:2]; \
		ok or sys.exit("$(PYTHON) is Python " + v + ". Shape Clinic needs 3.11 or newer. Try: make lab PYTHON=python3.12")' \
		|| { command -v $(PYTHON) >/dev/null || echo "No '$(PYTHON)' here. Install Python 3.11 or newer."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(LEARNER): $(INPUTS) $(PY)
	$(PY) -m pip install $$($(PY) .ci/cpu_index.py) -c requirements.lock -e .
	@touch $@

$(TESTER): $(LEARNER)
	$(PY) -m pip install --quiet $$($(PY) .ci/cpu_index.py) -c requirements.lock -e ".[test]"
	@touch $@

$(PRESENTER): $(LEARNER)
	$(PY) -m pip install --quiet $$($(PY) .ci/cpu_index.py) -c requirements.lock -e ".[present]"
	@touch $@

# The hub's proxy is a program for Node, which came as a wheel.
$(HUB): $(LEARNER)
	$(PY) -m pip install --quiet $$($(PY) .ci/cpu_index.py) -c requirements.lock -e ".[hub]"
	$(VENV)/bin/npm install --silent --no-fund --no-audit --global --prefix "$(CURDIR)/$(VENV)" $(PROXY)
	@touch $@

$(LOCK_VENV)/bin/uv:
	$(PYTHON) -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/python -m pip install --quiet uv

$(LEGACY_PY):
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); v = "%d.%d" % sys.version_info[:2]; \
		ok or sys.exit("$(PYTHON) is Python " + v + ". This TensorFlow needs 3.11 to 3.13. Try: make legacy PYTHON=python3.11")' \
		|| { command -v $(PYTHON) >/dev/null || echo "No '$(PYTHON)' here. Install Python 3.11 to 3.13."; exit 1; }
	$(PYTHON) -m venv $(LEGACY_VENV)

$(LEGACY): $(LEGACY_PINS) $(LEGACY_PY)
	$(LEGACY_PY) -m pip install --quiet -r $(LEGACY_PINS)
	@touch $@
