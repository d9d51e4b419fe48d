r"""Update rules, each with the theory of when it becomes unstable.

With :math:`g_t = \nabla \ell(\theta_t)` and a learning rate :math:`\eta_t`, every rule is an
``(init, update)`` pair: ``update`` returns the amount to *add* to the parameters, as in
optax. A rule also knows two facts of theory:

``preconditioner(state)``
    :math:`P`, the positive diagonal by which the rule divides its step: it moves by
    :math:`\eta P^{-1}` times a gradient or an average of gradients. None stands for 1.
``threshold(learning_rate)``
    the largest eigenvalue of :math:`P^{-1/2} H P^{-1/2}` at which the rule still converges
    on a quadratic with Hessian :math:`H`, with the rate and :math:`P` held fixed. Along an
    eigenvector with eigenvalue :math:`h` each rule is a linear recurrence
    :math:`\theta_{t+1} = a \theta_t - b \theta_{t-1}`, stable where both roots of
    :math:`z^2 - a z + b` lie in the unit circle: :math:`|b| < 1` and :math:`|a| < 1 + b`
    (the Jury conditions). What first fails as :math:`\eta h` grows is
    :math:`-a < 1 + b`, a root at -1: the iterate flips sign and grows.

A step whose size does not depend on the gradient's, a sign or an orthogonalized matrix, diverges
at no curvature and converges at none: it ends in swings whose amplitude the rate sets. Lion's
threshold is therefore infinite, and Muon's, of two rules in one, is NaN.

SOAP and Sophia are not here. SOAP (Vyas et al., 2024) is Adam in the eigenbasis of the averages of
:math:`G G^\top` and :math:`G^\top G`: its edge is Adam's in other coordinates, and costs their
eigenvectors. Sophia (Liu et al., 2023) needs the Hessian's diagonal, which no ``update`` from
gradients has, and clips each entry of its step, which in the limit is Lion's sign.

Source of the first six rules, SGD to NAdam: Godbole et al., Deep Learning Tuning Playbook (2023),
FAQ. The others name theirs.
"""

from stabsim.optimizers.adaptive import Adam as Adam
from stabsim.optimizers.adaptive import AdamState as AdamState
from stabsim.optimizers.adaptive import NAdam as NAdam
from stabsim.optimizers.adaptive import RAdam as RAdam
from stabsim.optimizers.adaptive import RMSProp as RMSProp
from stabsim.optimizers.adaptive import RMSPropState as RMSPropState
from stabsim.optimizers.adaptive import adam as adam
from stabsim.optimizers.adaptive import nadam as nadam
from stabsim.optimizers.adaptive import radam as radam
from stabsim.optimizers.adaptive import rmsprop as rmsprop
from stabsim.optimizers.averaged import schedule_free_adamw as schedule_free_adamw
from stabsim.optimizers.decoupled import AdamW as AdamW
from stabsim.optimizers.decoupled import adamw as adamw
from stabsim.optimizers.descent import SGD as SGD
from stabsim.optimizers.descent import Momentum as Momentum
from stabsim.optimizers.descent import MomentumState as MomentumState
from stabsim.optimizers.descent import Nesterov as Nesterov
from stabsim.optimizers.descent import SGDState as SGDState
from stabsim.optimizers.descent import momentum as momentum
from stabsim.optimizers.descent import nesterov as nesterov
from stabsim.optimizers.descent import sgd as sgd
from stabsim.optimizers.factored import adafactor as adafactor
from stabsim.optimizers.optimizer import LearningRate as LearningRate
from stabsim.optimizers.optimizer import Optimizer as Optimizer
from stabsim.optimizers.optimizer import as_optimizer as as_optimizer
from stabsim.optimizers.orthogonal import muon as muon
from stabsim.optimizers.orthogonal import newton_schulz as newton_schulz
from stabsim.optimizers.signs import lion as lion

__all__ = [
    "Optimizer",
    "adafactor",
    "adam",
    "adamw",
    "as_optimizer",
    "lion",
    "momentum",
    "muon",
    "nadam",
    "nesterov",
    "newton_schulz",
    "radam",
    "rmsprop",
    "schedule_free_adamw",
    "sgd",
]
