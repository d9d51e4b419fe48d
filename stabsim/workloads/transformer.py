"""A small transformer on digits, each image read as sixteen patches of 2 by 2 pixels."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from stabsim import _check
from stabsim.transformation import Scalar, Tree
from stabsim.workloads.digits import CLASSES, digits
from stabsim.workloads.layers import dense, dense_init, layer_norm, norm_init
from stabsim.workloads.workload import Workload, _static, cross_entropy

TOKENS, PATCH = 16, 4


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Transformer:
    """Patches in, ``depth`` layers of attention and perceptron, mean over tokens, dense."""

    gain: Scalar
    depth: int = _static()
    width: int = _static()
    heads: int = _static()
    norm: str = _static()

    def init(self, key: Key[Array, ""]) -> Tree:
        first, place, last, rest = jax.random.split(key, 4)
        dtype = jnp.result_type(float)
        return {
            "in": dense_init(first, PATCH, self.width, 1.0),
            "place": jax.random.normal(place, (TOKENS, self.width), dtype),
            "layers": jax.vmap(self._init_layer)(jax.random.split(rest, self.depth)),
            "out": dense_init(last, self.width, CLASSES, 1.0),
        }

    def _init_layer(self, key: Key[Array, ""]) -> Tree:
        q, k, v, mix, up, down = jax.random.split(key, 6)
        width = self.width
        return {
            "q": dense_init(q, width, width, self.gain),
            "k": dense_init(k, width, width, self.gain),
            "v": dense_init(v, width, width, self.gain),
            "mix": dense_init(mix, width, width, self.gain),
            "up": dense_init(up, width, 2 * width, self.gain),
            "down": dense_init(down, 2 * width, width, self.gain),
            "norm_attention": norm_init(width),
            "norm_perceptron": norm_init(width),
        }

    def apply(self, params: Tree, inputs: Array) -> Array:
        patches = inputs.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4)
        x = dense(params["in"], patches.reshape(-1, TOKENS, PATCH)) + params["place"]

        def layer(x: Array, p: Tree) -> tuple[Array, None]:
            if self.norm == "pre":
                x = x + self._attention(p, layer_norm(p["norm_attention"], x))
                x = x + self._perceptron(p, layer_norm(p["norm_perceptron"], x))
            else:
                x = layer_norm(p["norm_attention"], x + self._attention(p, x))
                x = layer_norm(p["norm_perceptron"], x + self._perceptron(p, x))
            return x, None

        x, _ = jax.lax.scan(layer, x, params["layers"])
        return dense(params["out"], x.mean(1))

    def _attention(self, p: Tree, x: Float[Array, "rows tokens width"]) -> Array:
        def split(h: Array) -> Array:
            return h.reshape(*h.shape[:2], self.heads, -1).swapaxes(1, 2)

        q, k, v = (split(dense(p[name], x)) for name in "qkv")
        scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])
        mixed = jax.nn.softmax(scores, -1) @ v
        return dense(p["mix"], mixed.swapaxes(1, 2).reshape(x.shape))

    def _perceptron(self, p: Tree, x: Array) -> Array:
        return dense(p["down"], jax.nn.relu(dense(p["up"], x)))


def transformer(
    depth: int = 6,
    width: int = 16,
    heads: int = 2,
    norm: str = "post",
    gain: Scalar = 1.0,
) -> Workload:
    r"""A transformer that classifies digits.

    Args:
        depth: the number of layers.
        width: the size of a token, a multiple of ``heads``.
        heads: the number of attention heads.
        norm: "post" normalizes after each residual sum, as the first transformer did;
            "pre" normalizes inside the residual branch.
        gain: weights start with standard deviation :math:`\text{gain}/\sqrt{\text{inputs}}`.
    Raises:
        ValueError: if a count is below 1, the width is no multiple of the heads, the norm
            is unknown or the gain is not positive.
    References:
        Vaswani et al., Attention Is All You Need (2017); Xiong et al., On Layer
        Normalization in the Transformer Architecture (2020).
    """
    _check.count("depth", depth)
    _check.count("width", width)
    _check.count("heads", heads)
    _check.choice("norm", norm, ("pre", "post"))
    _check.positive("gain", gain)
    if width % heads:
        raise ValueError(f"width must be a multiple of heads={heads}; it is {width}.")
    train, validation = digits()
    network = Transformer(gain, depth, width, heads, norm)
    return Workload(network, train, validation, name=f"{norm}-LN", objective=cross_entropy)
