r"""Curvature of the loss: Hessian-vector products, Lanczos and sharpness.

Sharpness is the largest eigenvalue of the Hessian :math:`H` of the training loss. For a
rule that divides its step by a diagonal :math:`P`, what matters is the largest eigenvalue
of :math:`P^{-1/2} H P^{-1/2}`, the preconditioned sharpness. Each rule's ``threshold`` says
how large it may be.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from stabsim import _check
from stabsim._transformation import Tree

__all__ = [
    "hessian_vector_product",
    "lanczos",
    "largest_eigenvalues",
    "sharpest_direction",
    "sharpness",
    "spectrum",
]

ITERATIONS = 24


def hessian_vector_product(
    loss: Callable[[Array], Array], params: Float[Array, " n"], vector: Float[Array, " n"]
) -> Float[Array, " n"]:
    r""":math:`H v`, by forward-mode differentiation of the gradient (Pearlmutter, 1994)."""
    return jax.jvp(jax.grad(loss), (params,), (vector,))[1]


def lanczos(
    product: Callable[[Array], Array], start: Float[Array, " n"], iterations: int
) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
    r"""The tridiagonal matrix of a symmetric matrix in the Krylov space of ``start``.

    .. math:: \beta_{i} q_{i+1} = A q_i - \alpha_i q_i - \beta_{i-1} q_{i-1}

    with every new vector made orthogonal to all before it, twice, since in finite
    precision the recurrence forgets.

    Args:
        product: the map :math:`v \mapsto A v`.
        start: any vector that is not 0, shape ``(n,)``.
        iterations: k, at least 1.
    Returns:
        The diagonal :math:`\alpha` and the off-diagonal :math:`\beta`, both of shape
        ``(k,)``; the last :math:`\beta` stands outside the matrix. Where the Krylov space
        is smaller than k, the rest of the diagonal repeats the least value in it.
    References:
        Golub and Van Loan, Matrix Computations, 4th edition (2013), section 10.3.
    """

    def step(carry, i):
        basis, q = carry
        basis = basis.at[i].set(q)
        w = product(q)
        alpha = q @ w
        w = w - basis.T @ (basis @ w)
        w = w - basis.T @ (basis @ w)
        beta = jnp.sqrt(w @ w)
        # An exhausted space leaves rounding error: stop there rather than follow it.
        exhausted = beta <= 1e-6 * (jnp.abs(alpha) + beta)
        q = jnp.where(exhausted, 0.0, w / jnp.where(exhausted, 1.0, beta))
        return (basis, q), (alpha, jnp.where(exhausted, 0.0, beta), q @ q > 0)

    q = start / jnp.sqrt(start @ start)
    basis = jnp.zeros((iterations, start.size), start.dtype)
    _, (alpha, beta, more) = jax.lax.scan(step, (basis, q), jnp.arange(iterations))
    inside = jnp.concatenate([jnp.ones(1, bool), more[:-1]])
    least = jnp.min(jnp.where(inside, alpha, alpha[0]))
    return jnp.where(inside, alpha, least), beta


def sharpest_direction(
    loss: Callable[[Array], Array],
    theta: Float[Array, " n"],
    start: Float[Array, " n"],
    iterations: int,
) -> tuple[Float[Array, " n"], Float[Array, ""]]:
    r"""The direction in which the loss curves most, and its curvature there, by power iteration.

    .. math:: u \leftarrow \frac{(H + s I) u}{|(H + s I) u|}, \quad s = \tfrac13 |H u|

    The shift s keeps the most negative eigenvalue from being found where it is the largest in
    size, as it is now and then early in training, by up to two thirds.

    Args:
        loss: from parameters to a scalar.
        theta: where to measure, shape ``(n,)``.
        start: where the iteration starts, shape ``(n,)``; the direction found one step of
            training before, for instance.
        iterations: how many products with the Hessian to take.
    Returns:
        A unit vector, whose sign means nothing, and the curvature along it.
    References:
        Golub and Van Loan, Matrix Computations, 4th edition (2013), section 8.2.
    """

    def turn(_: Any, found: tuple[Array, Array]) -> tuple[Array, Array]:
        u, _ = found
        w = hessian_vector_product(loss, theta, u)
        h = u @ w
        w = w + jnp.sqrt(w @ w) / 3 * u
        return w / jnp.sqrt(w @ w), h

    unit = start / jnp.sqrt(start @ start)
    return jax.lax.fori_loop(0, iterations, turn, (unit, jnp.zeros((), theta.dtype)))


def largest_eigenvalues(
    diagonal: Float[Array, " k"], off_diagonal: Float[Array, " k"], count: int
) -> Float[Array, " count"]:
    r"""The largest eigenvalues of a symmetric tridiagonal matrix, by bisection.

    The number of negative pivots :math:`d_i = \alpha_i - x - \beta_{i-1}^2 / d_{i-1}` is
    the number of eigenvalues below x (Sturm).

    Args:
        diagonal: :math:`\alpha`, shape ``(k,)``.
        off_diagonal: :math:`\beta`, shape ``(k,)``, of which the last is not used.
        count: how many.
    Returns:
        The eigenvalues from the largest down, each within 40 halvings of Gershgorin's interval;
        NaN where an entry is not finite.
    References:
        Golub and Van Loan, Matrix Computations, 4th edition (2013), section 8.4.
    """
    before = jnp.concatenate([jnp.zeros(1, diagonal.dtype), jnp.abs(off_diagonal[:-1])])
    after = jnp.concatenate([before[1:], jnp.zeros(1, diagonal.dtype)])
    low, high = jnp.min(diagonal - before - after), jnp.max(diagonal + before + after)
    tiny = jnp.finfo(diagonal.dtype).tiny ** 0.5
    place = jnp.arange(count)

    def below(x):
        def pivot(d, row):
            alpha, beta = row
            d = alpha - x - beta**2 / d
            d = jnp.where(jnp.abs(d) < tiny, -tiny, d)  # x is an eigenvalue of what came so far
            return d, d < 0

        return jnp.sum(jax.lax.scan(pivot, jnp.ones_like(x), (diagonal, before))[1])

    def halve(_, interval):
        low, high = interval
        middle = (low + high) / 2
        smaller = jax.vmap(below)(middle) >= diagonal.size - place
        return jnp.where(smaller, low, middle), jnp.where(smaller, middle, high)

    ends = jnp.full(count, low), jnp.full(count, high)
    low, high = jax.lax.fori_loop(0, 40, halve, ends)
    finite = jnp.all(jnp.isfinite(diagonal)) & jnp.all(jnp.isfinite(off_diagonal))
    return jnp.where(finite, (low + high) / 2, jnp.nan)


def sharpness(
    loss: Callable[[Tree], Array],
    params: Tree,
    preconditioner: Tree | None = None,
    iterations: int = ITERATIONS,
) -> Float[Array, ""]:
    r"""The largest eigenvalue of the loss's Hessian, preconditioned if asked.

    .. math:: \lambda_{\max}(P^{-1/2} H P^{-1/2})

    Args, what is raised and references: as in :func:`spectrum`.

    Examples:
        >>> round(float(sharpness(lambda p: 3 * p[0]**2 - p[1]**2, jnp.ones(2))), 4)
        6.0
    """
    return spectrum(loss, params, 1, preconditioner, iterations)[0]


def spectrum(
    loss: Callable[[Tree], Array],
    params: Tree,
    count: int,
    preconditioner: Tree | None = None,
    iterations: int = ITERATIONS,
) -> Float[Array, " count"]:
    r"""The largest eigenvalues of the loss's Hessian, preconditioned if asked.

    .. math:: \lambda_1 \ge \lambda_2 \ge \dots \quad \text{of} \quad P^{-1/2} H P^{-1/2}

    Args:
        loss: from parameters to a scalar.
        params: where to measure, any pytree of n numbers in all.
        count: how many, at most the iterations. Those further down have converged less.
        preconditioner: the diagonal of P, positive, shaped as ``params``; None for 1.
        iterations: Lanczos iterations; no more than n are made.
    Returns:
        The eigenvalues from the largest down; NaN where the loss has no finite second derivative.
    Raises:
        ValueError: if iterations or count is below 1.
    References:
        Cohen et al., Gradient Descent on Neural Networks Typically Occurs at the Edge of
        Stability (2021), and Adaptive Gradient Methods at the Edge of Stability (2022).
    """
    _check.count("iterations", iterations)
    _check.count("count", count)
    flat, unravel = ravel_pytree(params)
    scale = jnp.ones_like(flat)
    if preconditioner is not None:
        scale = 1 / jnp.sqrt(ravel_pytree(preconditioner)[0])

    def product(v):
        return scale * hessian_vector_product(lambda p: loss(unravel(p)), flat, scale * v)

    # A fixed start keeps the measurement a function of the parameters alone.
    start = jnp.asarray(np.random.default_rng(0).normal(size=flat.size), flat.dtype)
    return largest_eigenvalues(*lanczos(product, start, min(iterations, flat.size)), count)
