"""Compile the labs for the page, and hold the compiled against JAX.

A compiled program gives the same bits on every machine, so one that was held against JAX once
need not be again: the programs that were are listed in ``checked.json``, and a build holds the
others against JAX itself.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import jax2wasm
from book import BOOK, parity
from book.parity import Parity
from stabsim.labs.frame.lab import Lab, Tables, Values

SAMPLES = 2
"""So many settings of a lab are drawn, beside its defaults, to hold its programs against JAX."""


RECORD = BOOK / "checked.json"
"""The programs that were held against JAX, by variant, and the compiler that they came from."""


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
                tables[place] = run(lab, jax2wasm.Engine(module), values)
    return Compiled(programs, [tables[place] for place in range(len(settings))])


def run(lab: Lab, engine: jax2wasm.Engine, values: Values) -> Tables:
    """What a page comes to at a setting, from all parts of the lab."""
    return lab.joined([engine(lab.arguments(values, part)) for part in range(lab.parts)])


def _saved(
    lab: Lab, static: Values, module: jax2wasm.Module, folder: Path
) -> tuple[dict[str, Any], str]:
    """What a loader needs of a program, and what to say of it if it is new to the folder."""
    example = lab.arguments(lab.defaults | static)
    file = _file(lab, module)
    said = ""
    checked = folder / f"{file}.checked"
    if not checked.exists():
        module.save(folder, file)
        if recorded().get(lab.variant(lab.defaults | static)) != file:
            said = _said(module, check(lab, static, module))
        checked.touch()
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


def _file(lab: Lab, module: jax2wasm.Module) -> str:
    # Named by content alone: two variants may be one program.
    content = module.source + json.dumps(module.manifest())
    return f"{lab.name}-{sha256(content.encode()).hexdigest()[:16]}"


def _said(module: jax2wasm.Module, compared: Parity) -> str:
    return (
        f"{len(module.wasm) / 1024:.0f} KB, {compared.calls} calls of its pieces within "
        f"{compared.apart:.1f} times rounding of JAX"
    )


@cache
def recorded() -> dict[str, str]:
    """The file of each program that was held against JAX, by variant; none of another compiler."""
    record = json.loads(RECORD.read_text(encoding="utf8"))
    return record["programs"] if record["compiler"] == _zig() else {}


def _zig() -> str:
    return f"ziglang {version('ziglang')}"


def checked(lab: Lab, tell: Callable[[str], None] = print) -> dict[str, str]:
    """Hold every program of a lab against JAX; their files by variant.

    Raises:
        ArithmeticError: if a compiled program comes to something else than JAX.
    """
    files = {}
    for variant, static in lab.variants().items():
        module = jax2wasm.compile(lab.program(static), lab.arguments(lab.defaults | static))
        tell(f"  {variant}: {_said(module, check(lab, static, module))}")
        files[variant] = _file(lab, module)
    return files


def record(labs: Iterable[Lab]) -> None:
    """Hold every program of these labs against JAX, and list them in ``RECORD``.

    They are given, so that a lab is compiled anew when it changes and not when another does.
    """
    programs = {variant: file for lab in labs for variant, file in checked(lab).items()}
    listed = {"compiler": _zig(), "programs": dict(sorted(programs.items()))}
    RECORD.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf8")


def check(lab: Lab, static: Values, module: jax2wasm.Module, samples: int = SAMPLES) -> Parity:
    """Compare the compiled program with JAX at the defaults and at sampled settings.

    Raises:
        ArithmeticError: if it computes something else.
    """
    rng = np.random.default_rng(0)
    settings = [lab.defaults | static]
    settings += [{c.name: c.sample(rng) for c in lab.controls} | static for _ in range(samples)]
    try:
        given = [lab.arguments(x, int(rng.integers(lab.parts))) for x in settings]
        return parity.check(lab.program(static), module, given)
    except ArithmeticError as error:
        raise ArithmeticError(f"{lab.variant(settings[0])}: {error}") from None
