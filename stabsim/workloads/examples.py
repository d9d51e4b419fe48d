"""Workloads that labs, chapters and claims share, each with its own weakness."""

from dataclasses import replace

import jax.numpy as jnp

from stabsim.workloads.digits import digits
from stabsim.workloads.mlp import mlp
from stabsim.workloads.residual import residual_mlp
from stabsim.workloads.workload import Batch, Workload, with_label_noise

ROWS = 512
"""The rows that the noisy net is trained on."""

WRONG = 0.2
"""The share of them with wrong labels."""


def sharp_net(width: int = 32, rows: int = 64) -> Workload:
    """A net whose weights start large, so that it is sharp where it starts."""
    return mlp(3, width, "gelu", gain=1.6, objective="squared_error", rows=rows)


def small_sharp_net() -> Workload:
    """The sharp net, small enough for its sharpness to be measured at every turn."""
    return sharp_net(width=24, rows=32)


def steep_net() -> Workload:
    """A deep residual net that starts steep."""
    return residual_mlp(depth=12, width=24, gain=1.2)


def clean_net() -> Workload:
    """A small net on all the training digits."""
    return mlp(depth=2, width=32)


def noisy_net() -> Workload:
    """A small net on 512 digits, a fifth of them with wrong labels, validated on 642 others."""
    net = with_label_noise(mlp(depth=2, width=32, rows=ROWS), WRONG)
    return replace(net, validation=_unseen()[0])


def on_test_digits(net: Workload) -> Workload:
    """The net held against 642 further digits, on which nothing is chosen."""
    return replace(net, validation=_unseen()[1])


def _unseen() -> tuple[Batch, Batch]:
    """Two halves of what the net is not trained on."""
    train, validation = digits()
    images, labels = (
        jnp.concatenate([a[ROWS:], b]) for a, b in zip(train, validation, strict=True)
    )
    half = len(labels) // 2
    return Batch(images[:half], labels[:half]), Batch(
        images[half : 2 * half], labels[half : 2 * half]
    )
