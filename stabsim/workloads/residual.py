"""Deep residual perceptrons on digits, with normalization in every place it has been put."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.workloads.digits import CLASSES, digits
from stabsim.workloads.layers import ACTIVATIONS, dense, dense_init, normalize
from stabsim.workloads.workload import Workload, cross_entropy

BLOCKS = (
    "f(x)",
    "Norm(f(x))",
    "x + f(x)",
    "x + f(Norm(x))",
    "x + Norm(f(x))",
    "Norm(x + f(x))",
    "x + a f(x)",
)
"""The blocks, written as the formula of what each computes."""


def transform(block: str, f: Callable[[Array], Array], x: Array, a: Array | float = 0.0) -> Array:
    """What a block of the given formula makes of x; ``a`` is ReZero's factor."""
    match block:
        case "f(x)":
            return f(x)
        case "Norm(f(x))":
            return normalize(f(x))
        case "x + f(x)":
            return x + f(x)
        case "x + f(Norm(x))":
            return x + f(normalize(x))
        case "x + Norm(f(x))":
            return x + normalize(f(x))
        case "Norm(x + f(x))":
            return normalize(x + f(x))
        case "x + a f(x)":
            return x + a * f(x)
    raise ValueError(f"block must be one of {', '.join(BLOCKS)}; it is {block!r}.")


@pytree
class ResidualMLP:
    """A dense layer in, ``depth`` blocks, a dense layer out. f is dense, activation."""

    gain: Scalar
    depth: int = static()
    width: int = static()
    block: str = static()
    activation: str = static()

    def init(self, key: Key[Array, ""]) -> Tree:
        first, last, rest = jax.random.split(key, 3)
        return {
            "in": dense_init(first, 64, self.width, 1.0),
            # one stacked array a leaf, so that the blocks run in a scan and compile once
            "blocks": jax.vmap(self._init_block)(jax.random.split(rest, self.depth)),
            "out": dense_init(last, self.width, CLASSES, 1.0),
        }

    def _init_block(self, key: Key[Array, ""]) -> Tree:
        params: dict[str, Tree] = {"f": dense_init(key, self.width, self.width, self.gain)}
        if self.block == "x + a f(x)":
            params["a"] = jnp.zeros((), jnp.result_type(float))
        return params

    def apply(self, params: Tree, inputs: Array) -> Array:
        def step(x: Array, params: Tree) -> tuple[Array, None]:
            def f(x: Array) -> Array:
                return ACTIVATIONS[self.activation](dense(params["f"], x))

            return transform(self.block, f, x, params.get("a", 0.0)), None

        x, _ = jax.lax.scan(step, dense(params["in"], inputs), params["blocks"])
        return dense(params["out"], x)


def residual_mlp(
    depth: int = 16,
    width: int = 32,
    block: str = "x + f(x)",
    activation: str = "relu",
    gain: Scalar = 1.0,
) -> Workload:
    r"""A deep perceptron of ``depth`` blocks on digits.

    Args:
        depth: the number of blocks.
        width: the number of units in each block.
        block: the block's formula: "f(x)" and "Norm(f(x))" are plain; "x + f(x)" is
            residual without normalization; "x + f(Norm(x))", "x + Norm(f(x))" and
            "Norm(x + f(x))" normalize within, at the end of, and after the residual
            branch; "x + a f(x)" is ReZero, with one trained number a a block, from 0.
        activation: "relu", "tanh", "gelu" or "linear".
        gain: a block's weights start with standard deviation
            :math:`\text{gain}/\sqrt{\text{width}}`.
    Raises:
        ValueError: if a count is below 1, a name is unknown or the gain is not positive.
    References:
        He et al., Deep Residual Learning (2016); Ba et al., Layer Normalization (2016);
        Bachlechner et al., ReZero Is All You Need (2020).
    """
    _check.count("depth", depth)
    _check.count("width", width)
    _check.choice("block", block, BLOCKS)
    _check.choice("activation", activation, ACTIVATIONS)
    _check.positive("gain", gain)
    train, validation = digits()
    network = ResidualMLP(gain, depth, width, block, activation)
    return Workload(network, train, validation, name=block, objective=cross_entropy)
