"""Compile the labs for the page, and hold the compiled against JAX."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import jax2wasm
from stabsim.diagnosis import diagnose
from stabsim.labs.frame.lab import Lab, Tables, Values

TOLERANCE = 1e-5
"""How far a stable run may be from JAX's, as a share of its largest loss."""

NORMAL = "INLINE float erf_inv(float x) {"
NUDGED = """INLINE float exact_erf_inv(float x);
INLINE float erf_inv(float x) {
    float y = exact_erf_inv(x);
    return y * (1.0f + %de-6f * sinf(1000.0f * y));
}
INLINE float exact_erf_inv(float x) {"""
"""C that moves every normal random number, so every initial weight, by up to a millionth."""

SAME = 1e-3
"""How far a fact may be from JAX's, as a share of it, or of 1 if that is more."""

QUICK: Any = {"xla_backend_optimization_level": 0}
"""JAX's own run is compiled quickly: it runs a few times, and moves by last bits alone."""

PREFIX = 3
"""The first losses agree whatever comes after."""

SAMPLES = 5


class Parity(NamedTuple):
    """How a compiled program compares with JAX, over all curves of the sampled settings.

    Attributes:
        facts: the largest difference of the facts in each setting, for a lab without curves.
        first: the largest difference in the first losses of any curve, but for those that move
            more when their own initial weights move by a millionth: a net may be chaotic from
            its first update on.
        stable: each stable curve's difference.
        far: how many of them exceed the tolerance.
        sensitive: how many do when their own initial weights move by a millionth.
        changed: how many unstable curves got another verdict.
        undecided: how many do when their initial weights move by a millionth.
    """

    facts: list[float]
    first: float
    stable: list[float]
    far: int
    sensitive: int
    changed: int
    undecided: int

    @property
    def holds(self) -> bool:
        """Whether it computes what JAX does, as far as that is defined.

        A sample that crosses the kink of a ReLU one step sooner moves even a stable run by more
        than rounding does, and which run it happens to is chance. So every run must begin
        alike, and no more may part than rounding parts, or one. Facts may part in one setting,
        for a search takes another way from where two choices were as good.
        """
        return (
            sum(x > SAME for x in self.facts) <= 1
            and self.first <= TOLERANCE
            and self.far <= max(1, self.sensitive)
            and self.changed <= max(1, self.undecided)
        )


class Compiled(NamedTuple):
    """A lab's programs, and what they make of some settings.

    Attributes:
        programs: what a loader needs of each, by variant.
        tables: of each setting, as the page's browser would compute them to the last bit.
    """

    programs: dict[str, Any]
    tables: list[Tables]


def compile_lab(
    lab: Lab, settings: Sequence[Values], folder: Path, tell: Callable[[str], None] = print
) -> Compiled:
    """Compile every program of a lab into a folder, each checked, and run it on its settings.

    Raises:
        ArithmeticError: if a compiled program comes to something else than JAX.
    """
    programs, tables = {}, {}
    for variant, static in lab.variants().items():
        module = jax2wasm.compile(lab.program(static), lab.arguments(lab.defaults | static))
        programs[variant], said = _saved(lab, static, module, folder)
        if said:
            tell(f"  {variant}: {said}")
        for place, values in enumerate(settings):
            if lab.variant(values) == variant:
                tables[place] = jax2wasm.Engine(module)(lab.arguments(values))
    return Compiled(programs, [tables[place] for place in range(len(settings))])


def _saved(
    lab: Lab, static: Values, module: jax2wasm.Module, folder: Path
) -> tuple[dict[str, Any], str]:
    """What a loader needs of a program, and what to say of it if it is new to the folder."""
    example = lab.arguments(lab.defaults | static)
    # Named by content alone: two variants may be one program.
    content = module.source + json.dumps(module.manifest())
    file = f"{lab.name}-{sha256(content.encode()).hexdigest()[:16]}"
    said = ""
    checked = folder / f"{file}.parity.json"
    if not checked.exists():
        module.save(folder, file)
        parity = check(lab, static, module)
        checked.write_text(json.dumps(parity._asdict()))
        close = len(parity.stable) - parity.far
        alike = sum(x <= SAME for x in parity.facts)
        said = f"{len(module.wasm) / 1024:.0f} KB" + (
            f", {close} of {len(parity.stable)} stable curves within {TOLERANCE:g} of JAX"
            if lab.curves
            else f", facts of {alike} of {len(parity.facts)} settings within {SAME:g} of JAX"
        )
    manifest = module.manifest()
    shapes = jax.eval_shape(lab.program(static), example)
    columns = [(table, column) for table in sorted(shapes) for column in sorted(shapes[table])]
    return {
        "file": file,
        "inputs": [
            [n, slot["dtype"]] for n, slot in zip(sorted(example), manifest["inputs"], strict=True)
        ],
        "outputs": [
            [*place, slot["dtype"], slot["shape"]]
            for place, slot in zip(columns, manifest["outputs"], strict=True)
        ],
        "data": manifest["data"],
    }, said


def check(lab: Lab, static: Values, module: jax2wasm.Module, samples: int = SAMPLES) -> Parity:
    """Compare the compiled program with JAX at the defaults and at sampled settings.

    Raises:
        ArithmeticError: if it computes something else.
    """
    rng = np.random.default_rng(0)
    settings = [lab.defaults | static]
    settings += [{c.name: c.sample(rng) for c in lab.controls} | static for _ in range(samples)]
    given = lab.arguments(settings[0])
    theirs = jax.jit(lab.program(static)).lower(given).compile(compiler_options=QUICK)
    right = [_arrays(theirs(lab.arguments(values))) for values in settings]
    parity = _compare(lab, settings, right, jax2wasm.Engine(module), [])
    # Only where something differs does it matter how sensitive the runs are.
    if parity.first > TOLERANCE or parity.far or parity.changed:
        nudged = [jax2wasm.Engine(_nudged(module, way)) for way in (1, -1)]
        parity = _compare(lab, settings, right, jax2wasm.Engine(module), nudged)
    if not parity.holds:
        raise ArithmeticError(f"{lab.variant(settings[0])} differs from JAX: {parity}")
    return parity


def _compare(
    lab: Lab,
    settings: list[Values],
    right: list[Tables],
    engine: jax2wasm.Engine,
    nudged: list[jax2wasm.Engine],
) -> Parity:
    first, stable, sensitive, changed, undecided = 0.0, [], 0, 0, 0
    facts = []
    for values, theirs in zip(settings, right, strict=True):
        given = lab.arguments(values)
        tables = (engine(given), theirs, *(other(given) for other in nudged))
        if not lab.curves:  # those of a run may be as chaotic as the run
            facts.append(_apart(*(_facts(lab, t) for t in tables[:2])))
        for ours, theirs, *others in zip(*(_losses(lab, t) for t in tables), strict=True):
            apart = _difference(ours[:PREFIX], theirs[:PREFIX])
            if not any(_difference(x[:PREFIX], ours[:PREFIX]) > apart for x in others):
                first = max(first, apart)
            verdict = diagnose(theirs).verdict
            if verdict == "stable":
                stable.append(_difference(ours, theirs))
                sensitive += any(_difference(x, ours) > TOLERANCE for x in others)
            else:
                changed += diagnose(ours).verdict != verdict
                undecided += any(diagnose(x).verdict != verdict for x in others)
    far = sum(x > TOLERANCE for x in stable)
    return Parity(facts, first, stable, far, sensitive, changed, undecided)


def _arrays(tables: Tables) -> Tables:
    return {name: {k: np.asarray(v) for k, v in table.items()} for name, table in tables.items()}


def _nudged(module: jax2wasm.Module, way: int) -> jax2wasm.Module:
    return replace(module, source=module.source.replace(NORMAL, NUDGED % way))


def _losses(lab: Lab, tables: Tables) -> list[np.ndarray]:
    losses = [np.asarray(tables[c.table][c.column]) for c in lab.curves]
    return losses + (list(np.asarray(tables["sweep"]["loss"])) if lab.sweep else [])


def _facts(lab: Lab, tables: Tables) -> np.ndarray:
    return np.asarray([np.asarray(tables[f.table][f.column])[0] for f in lab.facts], float)


def _apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of two rows of facts; infinities must be the same."""
    finite = np.isfinite(theirs)
    if not np.array_equal(ours[~finite], theirs[~finite], equal_nan=True):
        return float("inf")
    scale = np.maximum(np.abs(theirs[finite]), 1)
    return float(np.max(np.abs(ours[finite] - theirs[finite]) / scale, initial=0.0))


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, as a share of the largest entry."""
    same = np.isfinite(a) == np.isfinite(b)
    if not same.all():
        return float("inf")
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    return float(np.max(np.abs(a - b), initial=0.0) / np.max(np.abs(b), initial=1e-30))
