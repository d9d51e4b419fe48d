r"""Thresholds of other libraries' rules, all of them those of :mod:`stabsim.optimizers`.

What a library does otherwise goes into the preconditioner P: where it adds eps, how it corrects the
bias, what its schedule of the momentum is at this step. A rule of Adam's family moves by

.. math:: \eta D^{-1} (a\, m_{t+1} + b\, g_t), \quad m_{t+1} = \beta m_t + (1 - \beta) g_t

and with a, b and D held fixed becomes unstable where an eigenvalue of :math:`D^{-1/2} H D^{-1/2}`
exceeds

.. math:: \frac{2 (1 + \beta)}{\eta\, ((1 - \beta) a + (1 + \beta) b)}

since its recurrence then has a root at -1. Adam has :math:`b = 0`; for the others D times
:func:`nadam_factor` is the P of which the threshold is that of ``nadam``.
"""

from typing import Any, NamedTuple

from stabsim import optimizers
from stabsim.optimizers import Optimizer

PEERS = "SGD (with momentum or Nesterov's), RMSprop, Adam, AdamW and NAdam"
"""The rules whose thresholds are known."""


def nadam_factor(beta1: float, a: float, b: float) -> float:
    """What turns D into the P of ``nadam``, for which a is beta1 and b is 1 - beta1."""
    return (1 - beta1) * (1 + 2 * beta1) / ((1 - beta1) * a + (1 + beta1) * b)


class Known(NamedTuple):
    """One of the rules of :mod:`stabsim.optimizers`: "momentum", "nesterov", "adam" or "nadam"."""

    name: str
    momentum: float

    def threshold(self, learning_rate: float, decay: float = 0.0) -> float:
        r"""Its threshold, where the weights also shrink by :math:`1 - \eta\lambda` a step.

        That decay stands beside the gradient. The condition for a root at -1 then changes by
        the factor :math:`1 - \eta\lambda/2`, for each of the rules.

        Args:
            learning_rate: the present rate; at 0 nothing is unstable.
            decay: the coefficient :math:`\lambda` of AdamW.
        """
        if learning_rate == 0:
            return float("inf")
        rule: Optimizer = getattr(optimizers, self.name)(1.0, self.momentum)
        return float(rule.threshold(learning_rate)) * (1 - learning_rate * decay / 2)


class Numbers(NamedTuple):
    """What the P of one parameter is made of beside the optimizer's state."""

    correction: float = 1.0
    inside: float = 0.0
    outside: float = 0.0
    factor: float = 1.0


class Rule(NamedTuple):
    """An optimizer at one step, in any library.

    Attributes:
        threshold: the largest stable eigenvalue.
        states: for each parameter the arrays that :func:`diagonal` takes, () where P is a number.
        numbers: for each parameter the numbers that it takes.
        ridge: for each parameter the weight decay that is part of the gradient, and so adds to H.
    """

    threshold: float
    states: list[tuple[Any, ...]]
    numbers: list[Numbers]
    ridge: list[float]


def diagonal(numbers: Numbers, v: Any = None, mean: Any = None) -> Any:
    r"""P of one parameter, element by element, from arrays of any library.

    .. math:: P = f \, (\sqrt{c v - (c m)^2 + \epsilon_i} + \epsilon_o)

    Args:
        numbers: the correction c, eps inside and outside of the root, and the factor f.
        v: the mean square of the gradient; None for a rule that has none.
        mean: m, the mean gradient, of the centered form.
    """
    correction, inside, outside, factor = numbers
    if v is None:
        return factor
    variance = v * correction if mean is None else v * correction - (mean * correction) ** 2
    return ((variance + inside) ** 0.5 + outside) * factor
