"""Special functions of one number, by formulas that need no table of coefficients.

A&S is Abramowitz and Stegun, Handbook of Mathematical Functions (1964).
"""

import math
from typing import Any

import jax.numpy as jnp
from jax import Array

from jax2wasm.rules.rewrite import rewritten


def digamma(p: Any, x: Array) -> Array:
    """The logarithmic derivative of the gamma function.

    Below 1/2 by reflection (A&S 6.3.7), then eight steps up (6.3.6), to where four terms of the
    asymptotic series (6.3.18) are exact to float32.
    """
    low = x < 0.5
    y = jnp.where(low, 1 - x, x)
    steps = sum(1 / (y + i) for i in range(8))
    z = 1 / (y + 8)
    series = jnp.log(y + 8) - z / 2 - z**2 * (1 / 12 - z**2 * (1 / 120 - z**2 / 252))
    reflected = jnp.where(x == jnp.round(x), jnp.nan, jnp.pi / jnp.tan(jnp.pi * (x - jnp.round(x))))
    return series - steps - jnp.where(low, reflected, 0)


def bessel(order: int, x: Array) -> Array:
    """The modified Bessel function of order 0 or 1, divided by e**|x|.

    Up to 20 the trapezoidal rule on its integral (A&S 9.6.16, 9.6.19), which is as good as exact
    since the integrand is periodic; its halves are taken together, so that nothing cancels.
    Above, six terms of the asymptotic series (9.7.1).
    """
    size, parts = jnp.abs(x), 20
    near, far = jnp.minimum(size, 20), jnp.maximum(size, 20)
    integral = jnp.exp(-near) if order == 0 else jnp.zeros_like(x)  # in the middle
    for i in range(parts // 2):
        cosine = math.cos(math.pi * i / parts)
        pair = -2 * cosine * near
        pair = 1 + jnp.exp(pair) if order == 0 else -cosine * jnp.expm1(pair)
        integral = integral + (1 if i else 0.5) * jnp.exp(near * (cosine - 1)) * pair
    term = series = jnp.ones_like(x)
    for k in range(1, 6):
        term = term * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k * far)
        series = series + term
    series = series / (math.sqrt(2 * math.pi) * jnp.sqrt(far))
    value = jnp.where(size <= 20, integral / parts, series)
    return value if order == 0 else jnp.sign(x) * value


RULES = {
    "digamma": rewritten(digamma),
    "bessel_i0e": rewritten(lambda p, x: bessel(0, x)),
    "bessel_i1e": rewritten(lambda p, x: bessel(1, x)),
}
