r"""Lanczos driven from the host, for Hessians whose products another library computes.

:func:`stabsim.curvature.lanczos` is for small networks: it compiles into a run, takes a fixed
number of products and keeps every vector. A reader's model has room for a few vectors and time for
no product too many, so this one keeps two vectors and stops once the eigenvalue has converged.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from scipy.linalg import eigh_tridiagonal

FEWEST = 4
"""Before so many products no eigenvalue is taken for converged."""

TINY = 1e-6
"""A new vector this small beside the matrix is the rounding error of an exhausted space."""


@runtime_checkable
class Space(Protocol):
    r"""Vectors shaped as the parameters, and the operator :math:`P^{-1} H` on them.

    It is symmetric in the inner product :math:`\langle x, y \rangle = x^T P y`, and has the
    eigenvalues of :math:`P^{-1/2} H P^{-1/2}`. So :math:`P^{1/2}` is never formed.
    """

    size: int

    def start(self) -> Any:
        """A vector of fixed random numbers."""

    def product(self, x: Any) -> Any:
        """The operator on x, in new memory."""

    def inner(self, x: Any, y: Any) -> float:
        """The inner product."""
        ...

    def combined(self, a: float, x: Any, b: float, y: Any) -> Any:
        """a x + b y, in the memory of x."""


class Found(NamedTuple):
    """Eigenvalues from the largest down, how far each may be off, and the products it took."""

    eigenvalues: np.ndarray
    errors: np.ndarray
    products: int


def largest(space: Space, count: int, tolerance: float, most: int) -> Found:
    r"""The largest eigenvalues of a space's operator.

    An eigenpair of the tridiagonal matrix with residual r lies within
    :math:`\min(r, r^2 / \text{gap})` of an eigenvalue, the gap being the distance to the next.
    That distance is known from the tridiagonal matrix alone, which early on makes it too large: so
    four times as much is said, and no less than the last product has changed.
    Without reorthogonalization an eigenvalue that has converged appears again, which does not
    matter while only the largest is asked for. For more, the basis is kept and every vector is
    made orthogonal to it.

    Args:
        space: vectors, and the operator on them.
        count: how many eigenvalues; for more than one a vector a product is kept.
        tolerance: the error at which an eigenvalue has converged, relative to the largest in size.
        most: so many products at most.
    References:
        Parlett, The Symmetric Eigenvalue Problem (1998), sections 11.7 and 13.
        Paige, Accuracy and effectiveness of the Lanczos algorithm (1980).
    """
    count, most = min(count, space.size), min(most, space.size)
    q, before, basis = space.start(), None, []
    q = space.combined(1 / np.sqrt(space.inner(q, q)), q, 0.0, q)
    diagonal, beside, last = [], [], np.full(count, np.nan)
    while True:
        w = space.product(q)
        alpha = space.inner(q, w)
        w = space.combined(1.0, w, -alpha, q)
        if before is not None:
            w = space.combined(1.0, w, -beside[-1], before)
        if count > 1:
            basis.append(q)
            for b in basis * 2:
                w = space.combined(1.0, w, -space.inner(b, w), b)
        beta = np.sqrt(space.inner(w, w))
        diagonal.append(alpha)
        beside.append(beta)
        if not np.isfinite([alpha, beta]).all():
            return Found(np.full(count, np.nan), np.full(count, np.nan), len(diagonal))
        found = _ritz(np.array(diagonal), np.array(beside), count)
        if len(diagonal) > count:
            changed = np.abs(found.eigenvalues - last)
            found = found._replace(errors=np.maximum(found.errors, changed))
        last = found.eigenvalues
        scale = np.abs(found.eigenvalues).max()
        exhausted = beta <= TINY * (abs(alpha) + beta)
        enough = len(diagonal) >= max(FEWEST, count) and (found.errors <= tolerance * scale).all()
        if exhausted or enough or len(diagonal) == most:
            return found
        before, q = q, space.combined(1 / beta, w, 0.0, w)
        del w  # so that the next product has its memory


def _ritz(diagonal: np.ndarray, beside: np.ndarray, count: int) -> Found:
    values, vectors = eigh_tridiagonal(diagonal, beside[:-1])
    residual = beside[-1] * np.abs(vectors[-1])
    gap = np.diff(values, prepend=-np.inf)
    # A copy of the eigenvalue itself, which rounding brings, is no neighbour.
    gap = np.where(gap > residual, gap, np.inf if values.size == 1 else residual)
    errors = np.minimum(residual, 4 * residual**2 / np.maximum(gap, np.finfo(float).tiny))
    errors = np.where(residual == 0, 0.0, errors)
    return Found(values[::-1][:count], errors[::-1][:count], diagonal.size)
