"""A small transformer on digits, each image read row by row, eight tokens of eight pixels."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.workloads.digits import CLASSES, digits
from stabsim.workloads.layers import dense, dense_init, normal, normalize
from stabsim.workloads.workload import Workload, smoothed_cross_entropy

TOKENS, PIXELS = 8, 8


@pytree
class Transformer:
    """Rows in, ``depth`` layers of attention and perceptron, mean over tokens, dense."""

    gain: Scalar
    depth: int = static()
    width: int = static()
    heads: int = static()
    norm: str = static()
    softcap: Scalar | None = None
    qk_clip: Scalar | None = None
    qk_norm: bool = static(default=False)

    def init(self, key: Key[Array, ""]) -> Tree:
        first, place, last, rest = jax.random.split(key, 4)
        return {
            "in": dense_init(first, PIXELS, self.width, 1.0),
            "place": normal(place, (TOKENS, self.width)),
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
        }

    def apply(self, params: Tree, inputs: Array) -> Array:
        x, _ = self._layers(params, inputs, keep=False)
        if self.norm == "pre":
            x = normalize(x)  # nothing else bounds the sum of the branches
        return dense(params["out"], x.mean(1))

    def attention_logits(
        self, params: Tree, inputs: Float[Array, "rows pixels"]
    ) -> Float[Array, "layers rows heads tokens tokens"]:
        """Every layer's :meth:`scores`; their softmax over the last axis is the attention."""
        _, scores = self._layers(params, inputs, keep=True)
        return scores

    def _layers(self, params: Tree, inputs: Array, keep: bool) -> tuple[Array, Any]:
        x = dense(params["in"], inputs.reshape(-1, TOKENS, PIXELS)) + params["place"]

        def layer(x: Array, p: Tree) -> tuple[Array, Array | None]:
            if self.norm == "pre":
                mixed, scores = self._attention(p, normalize(x))
                x = x + mixed
                x = x + self._perceptron(p, normalize(x))
            else:
                mixed, scores = self._attention(p, x)
                x = normalize(x + mixed)
                x = normalize(x + self._perceptron(p, x))
            return x, scores if keep else None

        return jax.lax.scan(layer, x, params["layers"])

    def _attention(self, p: Tree, x: Float[Array, "rows tokens width"]) -> tuple[Array, Array]:
        def split(h: Array) -> Array:
            return h.reshape(*h.shape[:2], self.heads, -1).swapaxes(1, 2)

        q, k, v = (split(dense(p[name], x)) for name in "qkv")
        scores = self.scores(q, k)
        mixed = jax.nn.softmax(scores, -1) @ v
        return dense(p["mix"], mixed.swapaxes(1, 2).reshape(x.shape)), scores

    def scores(
        self, q: Float[Array, "*heads tokens size"], k: Float[Array, "*heads tokens size"]
    ) -> Float[Array, "*heads tokens tokens"]:
        """The attention logits of queries and keys."""
        if self.qk_norm:
            q, k = normalize(q), normalize(k)
        if self.qk_clip is not None:
            q, k = (jnp.clip(x, -self.qk_clip, self.qk_clip) for x in (q, k))
        scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])
        return scores if self.softcap is None else self.softcap * jnp.tanh(scores / self.softcap)

    def _perceptron(self, p: Tree, x: Array) -> Array:
        return dense(p["down"], jax.nn.relu(dense(p["up"], x)))


def transformer(
    depth: int = 6,
    width: int = 16,
    heads: int = 2,
    norm: str = "post",
    gain: Scalar = 1.0,
    *,
    qk_norm: bool = False,
    softcap: Scalar | None = None,
    qk_clip: Scalar | None = None,
    z_loss: float = 0.0,
    label_smoothing: float = 0.0,
) -> Workload:
    r"""A transformer that classifies digits.

    The attention logits of a head with queries q and keys k of size d are
    :math:`q \cdot k/\sqrt d`. With ``qk_norm`` both are normalized first, so that a logit is at
    most :math:`\sqrt d`; a soft cap c makes :math:`c \tanh(q \cdot k/(c\sqrt d))` of them; and
    entries of q and k that are clipped to :math:`\pm c` leave at most :math:`c^2 \sqrt d`.

    Args:
        depth: the number of layers.
        width: the size of a token, a multiple of ``heads``.
        heads: the number of attention heads.
        norm: "post" normalizes after each residual sum, as the first transformer did;
            "pre" normalizes inside the residual branch.
        gain: weights start with standard deviation :math:`\text{gain}/\sqrt{\text{inputs}}`.
        qk_norm: whether queries and keys are normalized, without learned gains.
        softcap: c, above 0; None for no cap.
        qk_clip: c, above 0; None for no clipping.
        z_loss, label_smoothing: as :func:`stabsim.workloads.smoothed_cross_entropy` takes them.
    Raises:
        ValueError: if a count is below 1, the width is no multiple of the heads, the norm
            is unknown, or another number out of its range.
    References:
        Vaswani et al., Attention Is All You Need (2017); Xiong et al., On Layer
        Normalization in the Transformer Architecture (2020); Dehghani et al., Scaling Vision
        Transformers to 22 Billion Parameters (2023), for the normalized queries and keys; Gemma
        Team, Gemma 2 (2024), for the cap; MosaicML, MPT-7B (2023), for the clipping.
    """
    _check.count("depth", depth)
    _check.count("width", width)
    _check.count("heads", heads)
    _check.choice("norm", norm, ("pre", "post"))
    _check.positive("gain", gain)
    if width % heads:
        raise ValueError(f"width must be a multiple of heads={heads}; it is {width}.")
    for name, limit in (("softcap", softcap), ("qk_clip", qk_clip)):
        if limit is not None:
            _check.positive(name, limit)
    train, validation = digits()
    network = Transformer(gain, depth, width, heads, norm, softcap, qk_clip, bool(qk_norm))
    objective = smoothed_cross_entropy(z_loss, label_smoothing)
    return Workload(network, train, validation, name=f"{norm}-LN", objective=objective)
