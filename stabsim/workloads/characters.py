"""A small language model: the transformer on characters, each from those before it."""

import math

import jax
from jaxtyping import Array, Float, Int, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.workloads.layers import dense, dense_init, normal
from stabsim.workloads.text import ALPHABET, text
from stabsim.workloads.transformer import Transformer, checked
from stabsim.workloads.workload import Workload, smoothed_cross_entropy


@pytree
class CharacterModel:
    """Embedded characters in, a causal transformer's layers, logits of each next character out."""

    transformer: Transformer
    context: int = static()
    tied: bool = static(default=False)

    def init(self, key: Key[Array, ""]) -> Tree:
        first, place, last, rest = jax.random.split(key, 4)
        net, letters = self.transformer, len(ALPHABET)
        params = {
            "in": normal(first, (letters, net.width)),
            "place": normal(place, (self.context, net.width)),
            "layers": net.init_layers(rest),
            "out": dense_init(last, net.width, letters, net.out_gain),
        }
        if self.tied:
            del params["out"]["w"]
        return params

    def apply(
        self, params: Tree, inputs: Int[Array, "rows context"]
    ) -> Float[Array, "rows context letters"]:
        net = self.transformer
        # A product in place of a look-up, whose gradient would scatter.
        letters = jax.nn.one_hot(inputs, len(ALPHABET), dtype=params["in"].dtype)
        x, _ = net.layers(params["layers"], letters @ params["in"] + params["place"])
        out = params["out"]
        if self.tied:
            out = {"w": params["in"].T / math.sqrt(net.base or net.width), "b": out["b"]}
        return dense(net.scaled(out), x)


def character_model(
    depth: int = 1,
    width: int = 32,
    heads: int = 2,
    norm: str = "pre",
    gain: Scalar = 1.0,
    *,
    context: int = 16,
    tied: bool = False,
    qk_norm: bool = False,
    softcap: Scalar | None = None,
    qk_clip: Scalar | None = None,
    z_loss: float = 0.0,
    label_smoothing: float = 0.0,
    mup_base: int | None = None,
) -> Workload:
    r"""A transformer that predicts the next character of English text.

    Its rows are windows of :func:`stabsim.workloads.text.text`, and its loss is the mean over all
    characters of a window, each predicted from those before it; 3.47 nats is chance.

    With ``tied`` embeddings the matrix E that embeds a character also reads it out: the logits are
    :math:`E x/\sqrt n` for a final token x of width n, so that they start as large as those of a
    matrix of their own, and in muP with base b they are :math:`(b/n)\, E x/\sqrt b`.

    Args:
        depth, width, heads, norm, gain: as :func:`stabsim.workloads.transformer` takes them.
        context: how many characters a window has.
        tied: whether the embedding is the output's matrix too.
        qk_norm, softcap, qk_clip, z_loss, label_smoothing, mup_base: as
            :func:`stabsim.workloads.transformer` takes them.
    Raises:
        ValueError: as :func:`stabsim.workloads.transformer` does, and if the context is below 1
            or longer than 256.
        FileNotFoundError: if scikit-learn lacks the text.
    References:
        Press and Wolf, Using the Output Embedding to Improve Language Models (2017), for the
        tied embeddings; Vaswani et al., Attention Is All You Need (2017), section 3.4.
    """
    net = checked(
        depth, width, heads, norm, gain, qk_norm=qk_norm, softcap=softcap, qk_clip=qk_clip,
        mup_base=mup_base, causal=True,
    )  # fmt: skip
    _check.count("context", context)
    if context > 256:
        raise ValueError(f"context must be at most 256, for the text is short; it is {context}.")
    train, validation = text(context)
    objective = smoothed_cross_entropy(z_loss, label_smoothing)
    network = CharacterModel(net, context, bool(tied))
    return Workload(network, train, validation, name="characters", objective=objective)
