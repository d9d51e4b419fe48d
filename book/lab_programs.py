"""Compile the labs for the page, and hold the compiled against JAX."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import jax2wasm
from book import parity
from book.parity import Parity
from stabsim.labs.frame.lab import Lab, Tables, Values

SAMPLES = 2
"""So many settings of a lab are drawn, beside its defaults, to hold its programs against JAX."""


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
        compared = check(lab, static, module)
        checked.write_text(json.dumps(compared._asdict()))
        said = (
            f"{len(module.wasm) / 1024:.0f} KB, {compared.calls} calls of its pieces within "
            f"{compared.apart:.1f} times rounding of JAX"
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
    try:
        return parity.check(lab.program(static), module, [lab.arguments(x) for x in settings])
    except ArithmeticError as error:
        raise ArithmeticError(f"{lab.variant(settings[0])}: {error}") from None
