"""Residual nets of any block in one program, and how signal and gradient grow with depth."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.workloads.digits import digits
from stabsim.workloads.layers import ACTIVATIONS, dense
from stabsim.workloads.residual import BLOCKS, ResidualMLP, transform
from stabsim.workloads.workload import Workload, cross_entropy

DEPTH, WIDTH, ROWS = 16, 24, 24


@pytree
class AnyBlock:
    """``ResidualMLP`` with the block at position ``which`` of ``BLOCKS``: a program for all."""

    which: Int[Array, ""]
    gain: Scalar
    depth: int = static()
    width: int = static()

    def init(self, key: Key[Array, ""]) -> Tree:
        return ResidualMLP(self.gain, self.depth, self.width, "x + a f(x)", "relu").init(key)

    def states(self, params: Tree, inputs: Array, nudges: Array) -> Float[Array, "depth rows w"]:
        """What each block puts out, with a nudge added to it."""

        def step(x: Array, now: tuple[Tree, Array]) -> tuple[Array, Array]:
            block, nudge = now

            def f(x: Array) -> Array:
                return ACTIVATIONS["relu"](dense(block["f"], x))

            kinds = [lambda x, kind=kind: transform(kind, f, x, block["a"]) for kind in BLOCKS]
            x = jax.lax.switch(self.which, kinds, x) + nudge
            return x, x

        return jax.lax.scan(step, dense(params["in"], inputs), (params["blocks"], nudges))[1]

    def apply(self, params: Tree, inputs: Array) -> Array:
        nothing = jnp.zeros((self.depth, 1, 1), inputs.dtype)
        return dense(params["out"], self.states(params, inputs, nothing)[-1])


def any_block(block: Any, gain: Any, depth: int = DEPTH, width: int = WIDTH) -> Workload:
    """``residual_mlp`` with the block of a formula, or at a position of ``BLOCKS``.

    One program runs all blocks: a sweep over them compiles once.
    """
    which = jnp.asarray(BLOCKS.index(block) if isinstance(block, str) else block)
    train, validation = digits()
    return Workload(AnyBlock(which, gain, depth, width), train, validation,
                    name="any block", objective=cross_entropy)  # fmt: skip


def depth_profile(
    net: Workload, params: Tree
) -> tuple[Float[Array, " depth"], Float[Array, " depth"]]:
    """Root mean squares, by depth, of a block's output and of the loss's gradient by it.

    Over the first training rows; the gradient is in multiples of that by the last output.
    """
    network: Any = net.network
    assert net.train is not None
    inputs, targets = (part[:ROWS] for part in net.train)

    def loss(nudges: Array) -> tuple[Array, Array]:
        states = network.states(params, inputs, nudges)
        return cross_entropy(dense(params["out"], states[-1]), targets), states

    still = jnp.zeros((network.depth, ROWS, network.width))
    gradient, states = jax.grad(loss, has_aux=True)(still)
    signal, slope = (jnp.sqrt(jnp.mean(x**2, (1, 2))) for x in (states, gradient))
    return signal, slope / slope[-1]
