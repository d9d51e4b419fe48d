"""One entry of the result from one entry of each operand. ``{0}``, ``{1}`` are the operands.

A dict gives the C by the suffix of the first operand's type: f, i or u. A helper's name ends
in that suffix, which stands as ``{t}``; the integer types of the operand's width stand as
``{signed}`` and ``{unsigned}``, and the bits that C's int has more as ``{more}``.
"""

from typing import Any

import numpy as np

from jax2wasm.value import (
    C_TYPE,
    NARROW,
    SUFFIX,
    UnsupportedError,
    Value,
    combine,
    dtype_of,
    greatest,
    is_signed,
    least,
    stored_as,
)
from jax2wasm.writer import Writer

LIBM = ["exp2", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh",
        "acosh", "atanh", "sqrt", "cbrt", "erf", "erfc", "lgamma", "floor", "ceil"]  # fmt: skip
OURS = ["exp", "expm1", "log", "log1p", "tanh", "logistic"]  # of math.c

TEMPLATES: dict[str, str | dict[str, str]] = {
    "add": "{0} + {1}",
    "add_any": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": {"f": "{0} / {1}", "i": "div_i({0}, {1})", "u": "div_u({0}, {1})"},
    "rem": "rem_{t}({0}, {1})",
    "max": "max_{t}({0}, {1})",
    "min": "min_{t}({0}, {1})",
    "pow": {"f": "powf({0}, {1})"},
    "atan2": {"f": "atan2f({0}, {1})"},
    "nextafter": {"f": "nextafterf({0}, {1})"},
    "neg": "-{0}",
    "abs": "abs_{t}({0})",
    "clz": "leading_zeros(({unsigned}){0}) - {more}",
    "population_count": "__builtin_popcount(({unsigned}){0})",
    "sign": "sign_{t}({0})",
    "square": "square_{t}({0})",
    "rsqrt": {"f": "rsqrt_f({0})"},
    "erf_inv": {"f": "erf_inv({0})"},
    "is_finite": {"f": "finite_f({0})"},
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    **{
        f"{name}_to": {
            "f": f"total_f({{0}}) {sign} total_f({{1}})",
            "i": f"{{0}} {sign} {{1}}",
            "u": f"{{0}} {sign} {{1}}",
        }
        for name, sign in (("eq", "=="), ("lt", "<"), ("le", "<="))
    },
    "and": {"i": "{0} & {1}", "u": "{0} & {1}"},
    "or": {"i": "{0} | {1}", "u": "{0} | {1}"},
    "xor": {"i": "{0} ^ {1}", "u": "{0} ^ {1}"},
    "shift_left": {"i": "(int)shift_left({0}, {1})", "u": "shift_left({0}, {1})"},
    "shift_right_logical": {
        "i": "(int)shift_right(({unsigned}){0}, {1})",
        "u": "shift_right({0}, {1})",
    },
    "shift_right_arithmetic": {
        "i": "shift_right_arithmetic({0}, {1})",
        "u": "(unsigned)shift_right_arithmetic(({signed}){0}, {1})",
    },
    "copy": "{0}",
    "stop_gradient": "{0}",
    **{name: {"f": name + "f({0})"} for name in LIBM},
    **{name: {"f": name + "_f({0})"} for name in OURS},
}


def from_template(w: Writer, eqn: Any, *operands: Value) -> Value:
    """Any primitive of ``TEMPLATES``."""
    out = eqn.outvars[0].aval
    suffix = SUFFIX[operands[0].dtype]
    template = TEMPLATES[eqn.primitive.name]
    if isinstance(template, dict):
        if suffix not in template:
            raise UnsupportedError(f"{eqn.primitive.name} of {operands[0].dtype}")
        template = template[suffix]
    operands = tuple(w.cheap(x) if x.size < out.size else x for x in operands)
    template = template.replace("{t}", suffix)
    if suffix != "f":
        dtype = stored_as(operands[0].dtype)
        bits = 8 * np.dtype(dtype).itemsize
        template = template.replace("{signed}", C_TYPE[f"int{bits}"])
        template = template.replace("{unsigned}", C_TYPE[f"uint{bits}"])
        template = template.replace("{more}", str(32 - bits))
    return combine(dtype_of(out.dtype), out.shape, template, *operands)


def logical_not(w: Writer, eqn: Any, x: Value) -> Value:
    return combine(x.dtype, x.shape, "!{0}" if x.dtype == "bool" else "~{0}", x)


def integer_pow(w: Writer, eqn: Any, x: Value) -> Value:
    y = eqn.params["y"]
    if y == 2:
        return combine(x.dtype, x.shape, f"square_{SUFFIX[x.dtype]}({{0}})", x)
    helper = "power_f({0}, %d)" if x.dtype == "float32" else "power_u((unsigned){0}, %d)"
    return combine(x.dtype, x.shape, helper % y, x)


def pow_by_integer(w: Writer, eqn: Any, x: Value, y: Value) -> Value:
    """``pow`` takes a whole exponent too."""
    if x.dtype != "float32":
        raise UnsupportedError(f"pow of {x.dtype}")
    return combine(x.dtype, eqn.outvars[0].aval.shape, "powf({0}, (float){1})", x, y)


def clamp(w: Writer, eqn: Any, low: Value, x: Value, high: Value) -> Value:
    t = SUFFIX[x.dtype]
    return combine(x.dtype, x.shape, f"min_{t}(max_{t}({{1}}, {{0}}), {{2}})", low, x, high)


def round_(w: Writer, eqn: Any, x: Value) -> Value:
    to_even = int(eqn.params["rounding_method"]) == 1
    return combine(x.dtype, x.shape, "rintf({0})" if to_even else "roundf({0})", x)


def reduce_precision(w: Writer, eqn: Any, x: Value) -> Value:
    bits = eqn.params["exponent_bits"], eqn.params["mantissa_bits"]
    if bits == (8, 23):
        return x
    return combine(x.dtype, x.shape, f"reduced_f({{0}}, {bits[0]}, {bits[1]})", x)


def select_n(w: Writer, eqn: Any, which: Value, *cases: Value) -> Value:
    """``cases[which]``: an out-of-range index takes the last."""
    last = len(cases)
    if which.dtype == "bool":
        template = "{0} ? {2} : {1}"
    else:
        tests = [f"{{0}} == {i} ? {{{i + 1}}} : " for i in range(last - 1)]
        template = "".join(tests) + f"{{{last}}}"
    return combine(cases[0].dtype, eqn.outvars[0].aval.shape, template, which, *cases)


def convert_element_type(w: Writer, eqn: Any, x: Value) -> Value:
    return converted(x, dtype_of(eqn.params["new_dtype"]))


def converted(x: Value, to: str) -> Value:
    if to == x.dtype:
        return x
    if to == "bool":
        template = "{0} != 0"
    elif x.dtype == "float32":
        template = "int_of({0})" if is_signed(to) else "uint_of({0})"
        if to in NARROW:
            t = SUFFIX[to]
            template = f"min_{t}(max_{t}({template}, {least(to)}), {greatest(to)})"
    else:
        template = f"({C_TYPE[to]}){{0}}"
    return combine(to, x.shape, template, x)


def bitcast_convert_type(w: Writer, eqn: Any, x: Value) -> Value:
    to = dtype_of(eqn.params["new_dtype"])
    if to == x.dtype:
        return x
    if np.dtype(to).itemsize != np.dtype(x.dtype).itemsize:
        raise UnsupportedError(
            f"bitcast_convert_type from {x.dtype} to {to}: between dtypes of one width only"
        )
    bits = "bits_of_float({0})" if x.dtype == "float32" else "{0}"
    template = f"float_from_bits({bits})" if to == "float32" else f"({C_TYPE[to]}){bits}"
    return combine(to, x.shape, template, x)


RULES = dict.fromkeys(TEMPLATES, from_template) | {
    "not": logical_not,
    "integer_pow": integer_pow,
    "pow": lambda w, eqn, x, y: (
        from_template(w, eqn, x, y) if y.dtype == "float32" else pow_by_integer(w, eqn, x, y)
    ),
    "clamp": clamp,
    "round": round_,
    "reduce_precision": reduce_precision,
    "select_n": select_n,
    "convert_element_type": convert_element_type,
    "bitcast_convert_type": bitcast_convert_type,
}
