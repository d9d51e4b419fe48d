"""A residual convolutional net on digits, one of whose blocks may change its strides."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.workloads.digits import CLASSES, digits
from stabsim.workloads.layers import dense, dense_init, normalize
from stabsim.workloads.workload import Workload, cross_entropy


def conv(
    params: dict[str, Array], x: Float[Array, "rows h w in"], stride: int = 1
) -> Float[Array, "rows h2 w2 out"]:
    """A 3 by 3 convolution with padding 1, as one matrix product over patches.

    A product runs many times faster than a grouped convolution when a sweep gives every
    run its own kernel.
    """
    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    # Across, then down: XLA compiles it faster than the nine shifts at once.
    across = jnp.concatenate([padded[:, :, j : j + width : stride] for j in range(3)], -1)
    patches = jnp.concatenate([across[:, i : i + height : stride] for i in range(3)], -1)
    return dense(params, patches)


def _conv_init(key: Key[Array, ""], inputs: int, outputs: int, gain: Scalar) -> Tree:
    return dense_init(key, 9 * inputs, outputs, gain)


@pytree
class ResNet:
    """A convolution, residual blocks of which the middle one may stride, pool, dense."""

    gain: Scalar
    blocks: int = static()
    channels: int = static()
    stride: int = static()
    normalize: bool = static()
    pool: int = static()

    def init(self, key: Key[Array, ""]) -> Tree:
        first, last, rest = jax.random.split(key, 3)
        blocks = jax.vmap(self._init_block)(jax.random.split(rest, self.blocks))
        side = 8 // self.stride // self.pool
        return {
            "in": _conv_init(first, 1, self.channels, 1.0),
            "blocks": [jax.tree.map(lambda x, i=i: x[i], blocks) for i in range(self.blocks)],
            "out": dense_init(last, side * side * self.channels, CLASSES, 1.0),
        }

    def _init_block(self, key: Key[Array, ""]) -> Tree:
        one, two = jax.random.split(key)
        return {
            "one": _conv_init(one, self.channels, self.channels, self.gain),
            "two": _conv_init(two, self.channels, self.channels, self.gain),
        }

    def apply(self, params: Tree, inputs: Array) -> Array:
        x = conv(params["in"], inputs.reshape(-1, 8, 8, 1))
        for i, block in enumerate(params["blocks"]):
            stride = self.stride if i == self.blocks // 2 else 1
            branch = conv(block["one"], self._activate(x), stride)
            branch = conv(block["two"], self._activate(branch))
            x = x[:, ::stride, ::stride] + branch
        x = self._activate(x)
        rows, height, width, channels = x.shape
        windows = (rows, height // self.pool, self.pool, width // self.pool, self.pool, channels)
        return dense(params["out"], x.reshape(windows).mean((2, 4)).reshape(rows, -1))

    def _activate(self, x: Array) -> Array:
        if self.normalize:
            x = normalize(x, (1, 2, 3))
        return jax.nn.relu(x)


def resnet(
    blocks: int = 2,
    channels: int = 4,
    stride: int = 2,
    normalize: bool = True,
    gain: Scalar = 1.0,
    pool: int = 1,
) -> Workload:
    r"""A residual convolutional net on the 8 by 8 digits, with pre-activation blocks.

    The middle block's strides are ``stride``: 2 halves the image there, 1 keeps it. The
    pooling window is fixed, so with a stride of 1 the last layer sees four times as many
    features, and its curvature grows with them.

    Args:
        blocks: the number of residual blocks, two convolutions each.
        channels: the number of channels.
        stride: 1 or 2.
        normalize: whether layer normalization over the image stands before each activation.
        gain: weights start with standard deviation :math:`\text{gain}/\sqrt{\text{inputs}}`.
        pool: the side of the windows that are averaged before the last layer: 1, 2 or 4.
    Raises:
        ValueError: if a count is below 1, the stride is not 1 or 2, the pool not 1, 2 or 4,
            or the gain is not positive.
    References:
        He et al., Identity Mappings in Deep Residual Networks (2016); Zagoruyko and
        Komodakis, Wide Residual Networks (2016).
    """
    _check.count("blocks", blocks)
    _check.count("channels", channels)
    _check.positive("gain", gain)
    if stride not in (1, 2):
        raise ValueError(f"stride must be 1 or 2; it is {stride}.")
    if pool not in (1, 2, 4):
        raise ValueError(f"pool must be 1, 2 or 4; it is {pool}.")
    train, validation = digits()
    network = ResNet(gain, blocks, channels, stride, normalize, pool)
    return Workload(
        network, train, validation, name=f"resnet stride {stride}", objective=cross_entropy
    )
