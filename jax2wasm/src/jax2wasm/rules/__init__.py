"""One rule a primitive: ``rule(writer, eqn, *operands)`` writes C and returns what it made.

A rule takes the primitive's parameters from ``eqn.params``, and returns a Value, or a list of
them for a primitive with several results.
"""

from jax2wasm.rules import (
    control,
    elementwise,
    index,
    layout,
    linalg,
    product,
    random,
    reduce,
    window,
)

RULES = {
    **elementwise.RULES,
    **layout.RULES,
    **reduce.RULES,
    **product.RULES,
    **linalg.RULES,
    **index.RULES,
    **control.RULES,
    **random.RULES,
    **window.RULES,
}
