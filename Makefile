# make serve   set up, build the book in both languages and serve it at http://localhost:8000
# make book    set up, then build it into _build/site
# make bundle  the same, then pack it into _build/stabsim-book.zip for a room without internet
# make pdf     the same, then print each language's book to _build/stabsim-book-LANGUAGE.pdf
# make publish-notebooks  set up, then push the notebooks to the branch of origin that Colab opens
# make hashes  set up, then list the translated sections that are stale
# make test    set up, then lint, check types and test
# make test-all  the same with all that takes long: every lab in every engine, ...
# make claims  set up, then test what is not recorded of the claims (long; it can be interrupted)
# make record  set up, then run the sweeps that pages and labs show and that are not recorded
# make bench   set up, then run the benchmarks
# make dist    set up, then make what goes to PyPI, in _build/dist
# make lock    resolve the locked requirements anew

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Bytecode, made on all cores: the processes of a build and of the tests start in half the time.
# What some packages hold for other versions of Python does not compile, and is none of ours.
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib || true

.PHONY: serve book bundle pdf publish-notebooks hashes test test-all claims record bench dist lock clean
.DELETE_ON_ERROR:

serve: .venv/ready
	@$(BIN)/python -m book serve --port $(PORT)

book: .venv/ready
	$(BIN)/python -m book

bundle: book
	$(BIN)/python -m book bundle

pdf: book
	$(BIN)/python -m tests.browser
	$(BIN)/python -m book pdf

# Colab opens notebooks from a branch alone. The site goes to GitHub Pages by
# .github/workflows/pages.yml, since a branch that a workflow pushes is not served.
publish-notebooks: .venv/ready
	rm -rf _build/notebooks
	$(BIN)/python -m book notebooks _build/notebooks
	$(BIN)/ghp-import --branch notebooks --push --no-history --force \
	--message "The notebooks of $$(git rev-parse --short HEAD)" _build/notebooks

hashes: .venv/ready
	$(BIN)/python -m book hashes

test: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m book.lint
	$(BIN)/python -m tests.browser
	$(BIN)/pytest -n 2 --dist worksteal -m "not long"

test-all: .venv/ready-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m tests.browser --all
	$(BIN)/pytest -n 2 --dist worksteal

claims: .venv/ready
	$(BIN)/python -m claims

record: .venv/ready
	$(BIN)/python -m book record

bench: .venv/ready-for-tests book
	$(BIN)/python -m benchmarks.wasm
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.sweep
	$(BIN)/python -m benchmarks.transformers
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.cluster
	$(BIN)/python -m benchmarks.classroom

.venv/ready: requirements.txt pyproject.toml jax2wasm/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"stabsim needs Python 3.11 or newer; this is %d.%d. Try make PYTHON=python3.11." % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --editable ./jax2wasm --editable .
	@$(COMPILE)
	@touch $@

# PyTorch, the other reference, is large and asked for by nothing but the tests and benchmarks.
.venv/ready-for-tests: .venv/ready requirements-peers.txt
	$(BIN)/python -m pip install --quiet --no-compile -r requirements-peers.txt
	@$(COMPILE)
	@touch $@

dist: .venv/ready-for-tests
	rm -rf _build/dist
	$(BIN)/python -m build --outdir _build/dist/jax2wasm jax2wasm
	$(BIN)/python -m build --outdir _build/dist/stabsim .

lock:
	uvx uv pip compile --universal --python-version 3.11 --no-annotate \
	--custom-compile-command "make lock" --no-emit-package jax2wasm \
	--extra book --extra test pyproject.toml -o requirements.txt

clean:
	rm -rf .venv _build
