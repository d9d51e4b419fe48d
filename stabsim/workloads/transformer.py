"""A small transformer on digits, each image read row by row, eight tokens of eight pixels."""

import math
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
    """Rows in, ``depth`` layers of attention and perceptron, mean over tokens, dense.

    With a ``base`` width, in the maximal-update parametrization: :meth:`scaled`, :meth:`scores`.
    """

    gain: Scalar
    depth: int = static()
    width: int = static()
    heads: int = static()
    norm: str = static()
    softcap: Scalar | None = None
    qk_clip: Scalar | None = None
    qk_norm: bool = static(default=False)
    base: int | None = static(default=None)
    causal: bool = static(default=False)

    def init(self, key: Key[Array, ""]) -> Tree:
        first, place, last, rest = jax.random.split(key, 4)
        return {
            "in": dense_init(first, PIXELS, self.width, 1.0),
            "place": normal(place, (TOKENS, self.width)),
            "layers": self.init_layers(rest),
            "out": dense_init(last, self.width, CLASSES, self.out_gain),
        }

    def init_layers(self, key: Key[Array, ""]) -> Tree:
        """The weights of all layers, stacked."""
        return jax.vmap(self._init_layer)(jax.random.split(key, self.depth))

    def _init_layer(self, key: Key[Array, ""]) -> Tree:
        q, k, v, mix, up, down = jax.random.split(key, 6)
        width = self.width
        gain = self.gain if self.base is None else self.gain * width / self.base
        return {
            "q": dense_init(q, width, width, gain),
            "k": dense_init(k, width, width, gain),
            "v": dense_init(v, width, width, gain),
            "mix": dense_init(mix, width, width, gain),
            "up": dense_init(up, width, 2 * width, gain),
            "down": dense_init(down, 2 * width, width, gain),
        }

    @property
    def out_gain(self) -> float:
        """The gain of the output's weights as stored: in muP they start alike at every width."""
        return 1.0 if self.base is None else math.sqrt(self.width / self.base)

    def scaled(self, params: Tree) -> Tree:
        """A dense layer as it is applied: in muP its weights count base/width of what is stored.

        Adam moves a stored weight by the learning rate, and so an applied one by base/width of it.
        """
        return params if self.base is None else _times(self.base / self.width, params)

    def apply(self, params: Tree, inputs: Array) -> Array:
        x, _ = self.layers(params["layers"], self._tokens(params, inputs))
        return dense(self.scaled(params["out"]), x.mean(1))

    def _tokens(self, params: Tree, inputs: Array) -> Array:
        return dense(params["in"], inputs.reshape(-1, TOKENS, PIXELS)) + params["place"]

    def attention_logits(
        self, params: Tree, inputs: Float[Array, "rows pixels"]
    ) -> Float[Array, "layers rows heads tokens tokens"]:
        """Every layer's :meth:`scores`; their softmax over the last axis is the attention."""
        _, scores = self.layers(params["layers"], self._tokens(params, inputs), keep=True)
        return scores

    def layers(
        self, layers: Tree, x: Float[Array, "rows tokens width"], keep: bool = False
    ) -> tuple[Array, Any]:
        """What the layers make of tokens, and each layer's scores if ``keep``, else None."""

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

        x, scores = jax.lax.scan(layer, x, layers)
        # In pre-LN nothing else bounds the sum of the branches.
        return normalize(x) if self.norm == "pre" else x, scores

    def _attention(self, p: Tree, x: Float[Array, "rows tokens width"]) -> tuple[Array, Array]:
        def split(h: Array) -> Array:
            return h.reshape(*h.shape[:2], self.heads, -1).swapaxes(1, 2)

        q, k, v = (split(dense(self.scaled(p[name]), x)) for name in "qkv")
        scores = self.scores(q, k)
        if self.causal:  # a token attends to itself and to those before it
            scores = jnp.where(jnp.tri(x.shape[1], dtype=bool), scores, -jnp.inf)
        mixed = jax.nn.softmax(scores, -1) @ v
        return dense(self.scaled(p["mix"]), mixed.swapaxes(1, 2).reshape(x.shape)), scores

    def scores(
        self, q: Float[Array, "*heads tokens size"], k: Float[Array, "*heads tokens size"]
    ) -> Float[Array, "*heads tokens tokens"]:
        """The attention logits of queries and keys."""
        if self.qk_norm:
            q, k = normalize(q), normalize(k)
        if self.qk_clip is not None:
            q, k = (jnp.clip(x, -self.qk_clip, self.qk_clip) for x in (q, k))
        scores = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])
        if self.base is not None:  # 1/d, and at the base width 1/sqrt(d)
            scores = scores * math.sqrt(self.base / self.width)
        return scores if self.softcap is None else self.softcap * jnp.tanh(scores / self.softcap)

    def _perceptron(self, p: Tree, x: Array) -> Array:
        up, down = self.scaled(p["up"]), self.scaled(p["down"])
        return dense(down, jax.nn.relu(dense(up, x)))


def _times(factor: float, params: Tree) -> Tree:
    return {"w": factor * params["w"], "b": params["b"]}


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
    mup_base: int | None = None,
) -> Workload:
    r"""A transformer that classifies digits.

    The attention logits of a head with queries q and keys k of size d are
    :math:`q \cdot k/\sqrt d`. With ``qk_norm`` both are normalized first, so that a logit is at
    most :math:`\sqrt d`; a soft cap c makes :math:`c \tanh(q \cdot k/(c\sqrt d))` of them; and
    entries of q and k that are clipped to :math:`\pm c` leave at most :math:`c^2 \sqrt d`.

    A base width b puts the network of width n in the maximal-update parametrization for Adam,
    muP, in which a rate that is best at one width is to stay so at others. With r = b/n and the
    rate :math:`\eta`:

    ======================== =============================== ====================
    weights                  initial standard deviation      Adam's rate
    ======================== =============================== ====================
    into the network, biases as in the usual parametrization :math:`\eta`
    hidden matrices          as in the usual parametrization :math:`r \eta`
    out of the network       :math:`\sqrt r` times the usual  :math:`r \eta`
    ======================== =============================== ====================

    and attention logits are :math:`\sqrt r\, q \cdot k/\sqrt d`, that is, they fall as 1/d. At
    n = b all this is the usual parametrization. The rates are a factor r on the weights where
    they are applied, with stored weights 1/r times as large: Adam moves a stored weight by
    :math:`\eta` whatever its gradient's size. So it is with every rule whose step does not depend
    on the gradient's scale, such as Lion, and not with SGD.

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
        mup_base: b, a width; None for the usual parametrization.
    Raises:
        ValueError: if a count is below 1, the width is no multiple of the heads, the norm
            is unknown, or another number out of its range.
    References:
        Vaswani et al., Attention Is All You Need (2017); Xiong et al., On Layer
        Normalization in the Transformer Architecture (2020); Dehghani et al., Scaling Vision
        Transformers to 22 Billion Parameters (2023), for the normalized queries and keys; Gemma
        Team, Gemma 2 (2024), for the cap; MosaicML, MPT-7B (2023), for the clipping; Yang et
        al., Tensor Programs V (2022), table 8 and lemma J.1, for muP and the factor in place of
        a rate. Wortsman et al., Small-Scale Proxies (2023), section 3.2, leave attention's
        :math:`1/\sqrt d` and scale the rates alone.
    """
    network = checked(
        depth, width, heads, norm, gain, qk_norm=qk_norm, softcap=softcap, qk_clip=qk_clip,
        mup_base=mup_base,
    )  # fmt: skip
    train, validation = digits()
    objective = smoothed_cross_entropy(z_loss, label_smoothing)
    return Workload(network, train, validation, name=f"{norm}-LN", objective=objective)


def checked(
    depth: int,
    width: int,
    heads: int,
    norm: str,
    gain: Scalar,
    *,
    qk_norm: bool,
    softcap: Scalar | None,
    qk_clip: Scalar | None,
    mup_base: int | None,
    causal: bool = False,
) -> Transformer:
    """The network of :func:`transformer`, or what it raises for bad arguments."""
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
    if mup_base is not None:
        _check.count("mup_base", mup_base)
    return Transformer(
        gain, depth, width, heads, norm, softcap, qk_clip, bool(qk_norm), mup_base, causal
    )
