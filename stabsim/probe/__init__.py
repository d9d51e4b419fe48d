r"""The sharpness of a model that another library trains, beside its optimizer's own threshold.

One module a library, imported by name, for none of the libraries is needed here:
:mod:`stabsim.probe.torch`, :mod:`stabsim.probe.jax` and :mod:`stabsim.probe.keras`. Each has a
``Probe``, which measures the largest eigenvalues of

.. math:: P^{-1/2} H P^{-1/2}

where :math:`H` is the Hessian of the loss on the batches that are given and :math:`P` the diagonal
by which the optimizer divides its step, read from the optimizer's own state in that library's own
form. The threshold is that of :mod:`stabsim.optimizers`.
"""

from typing import TYPE_CHECKING

from stabsim._lazy import lazy

if TYPE_CHECKING:
    from stabsim.probe.measurement import Measurement as Measurement

_HOMES = {"Measurement": "stabsim.probe.measurement"}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazy(__name__, _HOMES)
