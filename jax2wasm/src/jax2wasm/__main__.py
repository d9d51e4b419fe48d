"""``python -m jax2wasm module:function --example 'float32[4]' --out FOLDER``"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import jax

from jax2wasm.module import compile
from jax2wasm.value import C_TYPE, UnsupportedError

EXAMPLE = re.compile(r"(\w+)(?:\[((?:\d+(?:,\d+)*)?)\])?")


def example(text: str) -> jax.ShapeDtypeStruct:
    """An argument's dtype and shape, as JAX prints them: ``float32[2,3]``, or ``int32`` for one."""
    match = EXAMPLE.fullmatch(text.replace(" ", ""))
    if not match or match[1] not in C_TYPE:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no dtype with a shape, such as 'float32[2,3]' for a matrix or 'int32' "
            f"for one number; dtypes are {', '.join(C_TYPE)}"
        )
    shape = tuple(int(n) for n in (match[2] or "").split(",") if n)
    return jax.ShapeDtypeStruct(shape, match[1])


def function(text: str) -> Callable[..., Any]:
    """The function that ``module:function`` names; its module may lie in the working folder."""
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not module:function, as in 'model:predict'")
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0] and error.name != module:
            raise  # the module is there, and misses another
        raise argparse.ArgumentTypeError(f"there is no module {module!r} here") from None
    except AttributeError:
        raise argparse.ArgumentTypeError(f"the module {module!r} has no {name!r}") from None
    if not callable(found):
        raise argparse.ArgumentTypeError(f"{text!r} is no function but a {type(found).__name__}")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m jax2wasm",
        description="Compile a JAX function to a WebAssembly module, with a loader for JavaScript.",
    )
    parser.add_argument("function", metavar="MODULE:FUNCTION", type=function)
    parser.add_argument(
        "--example", action="append", default=[], type=example, metavar="DTYPE[SHAPE]",
        help="an argument's dtype and shape, such as 'float32[2,3]' or 'int32'; one for each",
    )  # fmt: skip
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--name", help="the files' name, if not the function's")
    given = parser.parse_args(arguments)
    name = given.name or getattr(given.function, "__name__", "program")
    try:
        module = compile(given.function, *given.example)
    except (UnsupportedError, TypeError) as error:
        sys.exit(f"{name}: {error}")
    module.save(given.out, name)
    print(f"{given.out}/{name}.wasm: {len(module.wasm) / 1024:.0f} KB")
    for what, slots in (("takes", module.inputs), ("returns", module.outputs)):
        each = [f"{slot.dtype}[{','.join(map(str, slot.shape))}]" for slot in slots]
        print(f"  {what} {', '.join(each) or 'nothing'}")


if __name__ == "__main__":
    main()
