# The developer's commands. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The steps share the libvirt hosts of the tests and the machine's few processors: never two at once, also under `make -j`;
# those that `make test` makes side by side share neither files nor hosts.
.NOTPARALLEL:

# Debian's own, for which the distribution's packages are built
PYTHON ?= /usr/bin/python3
SUDO ?= $(if $(filter 0,$(shell id -u)),,sudo)
VENV := $(CURDIR)/.venv
CACHE := $(CURDIR)/.cache
STAMP := $(VENV)/.requirements-installed

# The collection must lie in ansible_collections/virtops/libvirt for its imports. A symbolic link does for all but ansible-test.
IN_COLLECTIONS := ansible_collections/virtops/libvirt
COLLECTIONS := $(if $(filter %/$(IN_COLLECTIONS),$(CURDIR)),$(patsubst %/$(IN_COLLECTIONS),%,$(CURDIR)),$(CACHE)/collections)
COLLECTION := $(COLLECTIONS)/$(IN_COLLECTIONS)

# Without pyenv's directory of programs: Ansible's discovery takes the first python3.N in it, which fails where it isn't selected.
# With those of root's programs, which the PATH of a Debian user lacks and tests get by way of sudo.
export PATH := $(VENV)/bin:$(shell tr : '\n' <<<"$$PATH" | grep -v '/shims$$' | paste -sd :):/usr/sbin:/sbin
export LC_ALL := C.UTF-8
export PYTHONUNBUFFERED := 1
export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)
export ANSIBLE_HOME := $(CACHE)/ansible

# What `make check` runs, the quickest first
CHECKS := format lint types yaml ansible-lint unit

# Arguments for pytest, as in: make unit A="-k schema -x"
A ?=
# One scenario for molecule, as in: make molecule S=hypervisor
S ?=

##@ Every day
.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(STAMP) $(COLLECTION) ## Make .venv with all tools, and install the Debian packages that tests need

.PHONY: check
check: $(CHECKS) ## The daily loop: style, types, ansible-lint, unit tests

.PHONY: test
test: ## Everything, in the order that fails early; stops at the first failure
	+@MAKE="$(MAKE)" .ci/steps venv sanity\& $(CHECKS) build+hypervisors integration molecule

##@ Single steps
.PHONY: lint
lint: venv ## ruff's rules and shellcheck
	ruff check
	shellcheck $(wildcard .ci/*) $(wildcard tests/*/*.sh)

.PHONY: format
format: venv ## ruff's format, checked only
	ruff format --check --diff

.PHONY: fix
fix: venv ## Let ruff mend rules and format
	ruff check --fix
	ruff format

.PHONY: types
types: venv ## mypy on plugins/
	cd $(COLLECTIONS) && mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CACHE)/mypy \
	  -p ansible_collections.virtops.libvirt.plugins

.PHONY: yaml
yaml: venv ## yamllint and the changelog's fragments
	yamllint --strict .
	antsibull-changelog lint

.PHONY: ansible-lint
ansible-lint: venv ## ansible-lint, profile production
	ansible-lint --nocolor

.PHONY: unit
unit: venv ## Unit tests (A="pytest's arguments")
	pytest tests/unit $(A)

.PHONY: sanity
sanity: venv ## ansible-test sanity with the oldest and the newest Python found, and its own (A="--test NAME")
	tests/sanity/run.py $(CACHE)/sanity $(A)

.PHONY: hypervisors
hypervisors: venv ## Tests of the isolated libvirt hosts themselves, as root (A="pytest's arguments")
	$(SUDO) env PATH="$$PATH" $(VENV)/bin/pytest tests/hypervisors $(A)

# One more than there are processors: tests and scenarios wait, too.
JOBS := $(shell expr $$(nproc) + 1)

# In the order of their names: by number of tests, the random tasks, which are one test of minutes, would begin last.
.PHONY: integration
integration: venv ## Tests on real libvirt hosts in namespaces, as root (A="pytest's arguments", JOBS=3 at a time)
	$(SUDO) rm -rf $(CACHE)/exercised
	$(SUDO) env PATH="$$PATH" $(VENV)/bin/pytest tests/integration --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder \
	  --exercised $(CACHE)/exercised --junitxml $(CACHE)/integration.xml --ignore tests/integration/test_declared.py $(A)
	@$(if $(A),,$(SUDO) env PATH="$$PATH" $(VENV)/bin/pytest tests/integration/test_declared.py --exercised $(CACHE)/exercised)

.PHONY: soak
soak: venv ## Random tasks and documents, checked and applied: SOAK lives of 50 each (SOAK=100)
	$(SUDO) env PATH="$$PATH" SOAK=$(or $(SOAK),100) $(VENV)/bin/pytest tests/integration/test_plan_equals_run*.py \
	  tests/integration/test_corpus.py -k "plan or crossed or every_document" $(A)

SCENARIOS := $(sort $(patsubst extensions/molecule/%/molecule.yml,%,$(wildcard extensions/molecule/*/molecule.yml)))

.PHONY: molecule
molecule: venv ## The roles' scenarios (S=scenario for one; else JOBS=3 at a time)
	$(if $(S),molecule test --scenario-name $(S),JOBS=$(JOBS) .ci/side-by-side $(CACHE)/molecule 'molecule test --scenario-name' $(SCENARIOS))

# What ansible-doc is to show of each type
FILES_module := $(wildcard plugins/modules/*.py)
FILES_role := $(wildcard roles/*)
$(foreach type,connection filter inventory,$(eval FILES_$(type) := $(wildcard plugins/$(type)/*.py)))
NAMES = $(sort $(addprefix virtops.libvirt.,$(basename $(notdir $(FILES_$(type))))))
KEYS := import json, sys; print(*sorted(json.load(sys.stdin)))

.PHONY: build
build: venv ## Build the archive into .cache/, install it elsewhere and ask ansible-doc for all in it
	rm -rf $(CACHE)/build
	ansible-galaxy collection build --output-path $(CACHE)/build
	ANSIBLE_COLLECTIONS_PATH=$(CACHE)/build ansible-galaxy collection install --offline --no-deps --pre \
	  --collections-path $(CACHE)/build $(CACHE)/build/virtops-libvirt-*.tar.gz
	@cd $(CACHE)/build; export ANSIBLE_COLLECTIONS_PATH=$(CACHE)/build; \
	$(foreach type,module connection filter inventory role, \
	  ansible-doc --type $(type) --json $(NAMES) | $(VENV)/bin/python -c '$(KEYS)' | diff - <(echo $(NAMES)); \
	  echo "ansible-doc --type $(type): ok, $(words $(NAMES))";)

BENCHMARKS := module_cost planning volumes stack inventory leases

.PHONY: bench
bench: venv ## Measure what things cost (benchmarks/README.md has the figures)
	@for name in $(BENCHMARKS); do $(SUDO) env PATH="$$PATH" ANSIBLE_COLLECTIONS_PATH="$$ANSIBLE_COLLECTIONS_PATH" \
	$(VENV)/bin/python benchmarks/$$name.py || exit; done

.PHONY: docs
docs: venv ## Write the options' documentation from their declarations and docs/options/
	PYTHONPATH=$(COLLECTIONS) $(VENV)/bin/python docs/options/generate.py

.PHONY: changelog
changelog: venv ## Write CHANGELOG.md from changelogs/ for the version in galaxy.yml
	antsibull-changelog release

.PHONY: clean
clean: ## Remove all that make made here
	rm -rf $(VENV) $(CACHE) .ansible .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

HYPERVISORS := tests/hypervisors/hypervisors.py

$(STAMP): requirements-dev.txt
	$(if $(wildcard $(HYPERVISORS)),$(SUDO) $(HYPERVISORS) install)
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --upgrade pip
	$(VENV)/bin/python -m pip install -qq --requirement requirements-dev.txt
	touch $@

$(COLLECTION):
	mkdir -p $(@D)
	ln -sfnr $(CURDIR) $@

-include lab.mk
