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
    special,
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
    **special.RULES,
}

INSTEAD = {
    "eigh": "sharpness goes through Lanczos and bisection, a system through cholesky or lu",
    "eig": "use the power method, or compute it before and close over it",
    "svd": "jnp.linalg.qr is compiled; or compute it before and close over it",
    "fft": "multiply by the matrix of sines and cosines",
    "rng_bit_generator": "use jax.random with its default keys, threefry2x32",
    "random_gamma": "draw before and pass the numbers in",
    "igamma": "integrate numerically, or compute it before and close over it",
    "igammac": "integrate numerically, or compute it before and close over it",
    "regularized_incomplete_beta": "integrate numerically, or compute it before and close over it",
    "tridiagonal_solve": "use jnp.linalg.solve of the full matrix",
    "pure_callback": "a module calls nothing outside itself",
    "io_callback": "a module calls nothing outside itself",
    "debug_callback": "a module prints nothing: return what is to be seen",
}
"""What to use for a primitive that is not compiled."""
