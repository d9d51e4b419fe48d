"""A labelled set of training runs: real training, causes made on purpose, over seeds.

``python -m benchmarks.runs`` trains every run and writes them to benchmarks/runs.npz, by which the
rule was chosen; with ``held`` it trains other seeds, and causes and a kind of network that the
first set lacks, into benchmarks/held.npz, which judges it. Beside what
a log has, the loss, the gradient norm and the rate of every step, each run keeps what no log has:
the loss on the same 128 rows at every step, free of the minibatch's noise. A run is labelled by
its cause and by that curve, so by nothing that a rule for logs reads; where the curve leaves it
open, the run has no label and is not counted.
"""

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stabsim.diagnosis import Verdict

FILE = Path(__file__).parent / "runs.npz"
HELD = Path(__file__).parent / "held.npz"

SEEDS = {FILE: range(8), HELD: range(8, 16)}
"""Those of the first set choose the rule, those of the other judge it."""

ROWS = 128
"""Rows on which the noise-free loss is taken."""


class Task(NamedTuple):
    """What is trained.

    Attributes:
        init: parameters from a key.
        loss: from parameters, inputs and targets.
        inputs: shape ``(rows, ...)``.
        targets: shape ``(rows,)``.
    """

    init: Callable[[jax.Array], Any]
    loss: Callable[..., jax.Array]
    inputs: np.ndarray
    targets: np.ndarray


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    picked = jnp.take_along_axis(logits, labels[:, None], -1)[:, 0]
    return (jax.nn.logsumexp(logits, -1) - picked).mean()


def dense(key: jax.Array, inputs: int, outputs: int, gain: float = 1.0) -> dict[str, jax.Array]:
    weight = gain * jax.random.normal(key, (inputs, outputs)) * (2 / inputs) ** 0.5
    return {"w": weight, "b": jnp.zeros(outputs)}


def perceptron(normalized: bool = False, gain: float = 1.0, squared: bool = False) -> Task:
    """Digits: 64 pixels, two hidden layers of 32 units, 10 classes."""
    from sklearn.datasets import load_digits

    images, labels = map(np.asarray, load_digits(return_X_y=True))

    def init(key: jax.Array) -> Any:
        a, b, c = jax.random.split(key, 3)
        return [dense(a, 64, 32, gain), dense(b, 32, 32, gain), dense(c, 32, 10)]

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        for layer in params[:-1]:
            x = x @ layer["w"] + layer["b"]
            if normalized:
                x = (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-3)
            x = jax.nn.relu(x)
        out = x @ params[-1]["w"] + params[-1]["b"]
        if squared:
            return jnp.square(out - jax.nn.one_hot(y, 10)).sum(-1).mean()
        return cross_entropy(out, y)

    return Task(init, loss, (images / 16).astype(np.float32), labels)


def attention() -> Task:
    """Digits, row by row, in the book's transformer of two layers."""
    from stabsim.workloads import transformer

    workload = transformer(depth=2, width=16, heads=2)
    digits = perceptron()

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        return cross_entropy(workload.network.apply(params, x), y)

    return Task(workload.network.init, loss, digits.inputs, digits.targets)


def recurrent() -> Task:
    """Digits, row by row, in a network of 24 tanh units that feeds itself."""
    digits = perceptron()

    def init(key: jax.Array) -> Any:
        a, b, c = jax.random.split(key, 3)
        return [dense(a, 8, 24), dense(b, 24, 24, 0.7), dense(c, 24, 10)]

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        into, again, out = params
        h = jnp.zeros((x.shape[0], 24), x.dtype)
        for row in x.reshape(-1, 8, 8).swapaxes(0, 1):
            h = jnp.tanh(row @ into["w"] + h @ again["w"] + again["b"])
        return cross_entropy(h @ out["w"] + out["b"], y)

    return Task(init, loss, digits.inputs, digits.targets)


def text() -> str:
    """The English of scikit-learn's descriptions of its data sets."""
    import sklearn.datasets

    folder = Path(sklearn.datasets.__file__).parent / "descr"
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.rst"))).lower()


def language(tokens: list[str], vocabulary: int, context: int, width: int, hidden: int) -> Task:
    """The next token from those before it: embedding, one hidden layer, softmax."""
    names, counts = np.unique(tokens, return_counts=True)
    kept = names[np.argsort(-counts, kind="stable")][: vocabulary - 1]
    number = {name: i + 1 for i, name in enumerate(kept)}
    ids = np.array([number.get(token, 0) for token in tokens])
    windows = np.lib.stride_tricks.sliding_window_view(ids, context + 1)

    def init(key: jax.Array) -> Any:
        a, b, c = jax.random.split(key, 3)
        return {
            "embed": jax.random.normal(a, (vocabulary, width)),
            "hidden": dense(b, context * width, hidden),
            "out": dense(c, hidden, vocabulary, 0.1),
        }

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        x = params["embed"][x].reshape(x.shape[0], -1)
        x = jax.nn.relu(x @ params["hidden"]["w"] + params["hidden"]["b"])
        return cross_entropy(x @ params["out"]["w"] + params["out"]["b"], y)

    return Task(init, loss, windows[:, :-1], windows[:, -1])


def characters() -> Task:
    return language(list(text()), 64, 8, 8, 48)


def words() -> Task:
    """A vocabulary so large that the loss starts near 8 and falls to 4, as a language model's."""
    return language(re.findall(r"\w+|\W", text()), 3000, 3, 12, 24)


class Cause(NamedTuple):
    """One way to train, well or badly.

    Attributes:
        what: what was done, in a few words.
        task: makes what is trained.
        rates: the rate of each step.
        expected: the verdicts that the cause can lead to; which, the noise-free loss says.
        batch: rows of a minibatch.
        adam: beta2 and epsilon; None for momentum 0.9.
        bad: by step, what the inputs are multiplied by, or -1 for shuffled targets.
        half: whether the network computes in float16, with a loss scale that starts there.
        start: steps of training before the log begins, at ``start_rate``.
        decay: weight decay, decoupled.
    """

    what: str
    task: Callable[[], Task]
    rates: np.ndarray
    expected: tuple[Verdict, ...]
    batch: int = 32
    adam: tuple[float, float] | None = None
    bad: dict[int, float] = {}  # noqa: RUF012
    half: float | None = None
    start: int = 0
    start_rate: float = 0.05


class Run(NamedTuple):
    """What a run gives: shapes ``(seeds, steps)``."""

    loss: np.ndarray
    norm: np.ndarray
    truth: np.ndarray


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _train(
    loss_of: Any, init: Any, batch: int, kind: tuple[bool, bool], data: Any, given: Any, key: Any
) -> Any:
    """One run. ``kind``: whether the optimizer is Adam, whether it computes in float16."""
    (inputs, targets), (rates, bad, beta2, eps, first_scale) = data, given
    adam, half = kind
    shown = jnp.linspace(0, targets.shape[0] - 1, ROWS).astype(int)
    start_key, run_key = jax.random.split(key)
    params = init(start_key)

    def lossless(p: Any) -> jax.Array:
        return loss_of(p, inputs[shown], targets[shown])

    def step(state: Any, now: Any) -> Any:
        params, m, v, t, scale, good = state
        rate, factor, k = now
        rows_key, shuffle_key = jax.random.split(k)
        rows = jax.random.randint(rows_key, (batch,), 0, targets.shape[0])
        x, y = inputs[rows], targets[rows]
        y = jnp.where(factor < 0, jax.random.permutation(shuffle_key, y), y)
        if jnp.issubdtype(x.dtype, jnp.floating):
            x = x * jnp.where(factor < 0, 1.0, factor)

        def scaled(p: Any) -> Any:
            if half:
                p = jax.tree.map(lambda a: a.astype(jnp.float16), p)
                loss = loss_of(p, x.astype(jnp.float16), y)
                return loss * scale.astype(jnp.float16), loss
            loss = loss_of(p, x, y)
            return loss, loss

        (_, loss), grads = jax.value_and_grad(scaled, has_aux=True)(params)
        if half:
            grads = jax.tree.map(lambda g: g.astype(jnp.float32) / scale, grads)
        norm = jnp.sqrt(sum(jnp.square(g).sum() for g in jax.tree.leaves(grads)))
        if adam:
            m_new = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
            v_new = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, grads)
            a, b = 1 - 0.9 ** (t + 1), 1 - beta2 ** (t + 1)
            new = jax.tree.map(
                lambda p, m, v: p - rate * (m / a) / (jnp.sqrt(v / b) + eps), params, m_new, v_new
            )
        else:
            m_new = jax.tree.map(lambda m, g: 0.9 * m + g, m, grads)
            v_new = v
            new = jax.tree.map(lambda p, m: p - rate * m, params, m_new)
        truth = lossless(params)
        if half:
            fine = jnp.isfinite(norm)
            keep = partial(jax.tree.map, lambda a, b: jnp.where(fine, a, b))
            new, m_new, v_new = keep(new, params), keep(m_new, m), keep(v_new, v)
            good = jnp.where(fine, good + 1, 0)
            scale = jnp.where(fine, jnp.where(good >= 60, 2 * scale, scale), scale / 2)
            good = jnp.where(good >= 60, 0, good)
        return (new, m_new, v_new, t + 1, scale, good), (loss.astype(jnp.float32), norm, truth)

    zeros = jax.tree.map(jnp.zeros_like, params)
    keys = jax.random.split(run_key, rates.size)
    state = (params, zeros, zeros, 0.0, first_scale, 0)
    _, said = jax.lax.scan(step, state, (rates, bad, keys))
    return said


_TASKS: dict[Any, Task] = {}


def train(cause: Cause, seeds: Sequence[int]) -> Run:
    """The run of every seed."""
    task = _TASKS.setdefault(cause.task, cause.task())
    rates = np.concatenate([np.full(cause.start, cause.start_rate), cause.rates])
    bad = np.ones(rates.size)
    for at, factor in cause.bad.items():
        bad[cause.start + at] = factor
    beta2, eps = cause.adam or (0.999, 1e-8)
    f = lambda x: jnp.asarray(x, jnp.float32)  # noqa: E731
    given = (f(rates), f(bad), f(beta2), f(eps), f(cause.half or 1.0))
    data = (jnp.asarray(task.inputs), jnp.asarray(task.targets))
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds) + 100 * sum(map(ord, cause.what)))
    kind = (cause.adam is not None, cause.half is not None)
    run = jax.vmap(partial(_train, task.loss, task.init, cause.batch, kind, data, given))(keys)
    return Run(*(np.asarray(x)[:, cause.start :] for x in run))


# --- reinforcement learning ---


def _cartpole(state: jax.Array, action: jax.Array) -> jax.Array:
    """The pole of Barto, Sutton and Anderson (1983), 0.02 s on."""
    _, v, angle, spin = state
    force = jnp.where(action == 1, 10.0, -10.0)
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    push = (force + 0.05 * spin**2 * sin) / 1.1
    turn = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    go = push - 0.05 * turn * cos / 1.1
    return state + 0.02 * jnp.stack([v, go, spin, turn])


def policy_gradient(
    rate: float, updates: int, seeds: Sequence[int], episodes: int = 8, length: int = 100
) -> Run:
    """REINFORCE with a mean baseline on CartPole; its "truth" is the mean return, negated."""

    def logits(p: Any, s: jax.Array) -> jax.Array:
        return jnp.tanh(s @ p[0]["w"] + p[0]["b"]) @ p[1]["w"] + p[1]["b"]

    def play(p: Any, key: jax.Array) -> Any:
        def step(carry: Any, k: jax.Array) -> Any:
            state, alive = carry
            action = jax.random.categorical(k, logits(p, state))
            new = _cartpole(state, action)
            still = alive & (jnp.abs(new[0]) < 2.4) & (jnp.abs(new[2]) < 0.21)
            return (jnp.where(still, new, state), still), (state, action, alive)

        first, rest = jax.random.split(key)
        start = jax.random.uniform(first, (4,), minval=-0.05, maxval=0.05)
        return jax.lax.scan(step, (start, jnp.array(True)), jax.random.split(rest, length))[1]

    def loss_of(p: Any, states: jax.Array, actions: jax.Array, weight: jax.Array) -> jax.Array:
        logp = jax.nn.log_softmax(logits(p, states))
        chosen = jnp.take_along_axis(logp, actions[..., None], -1)[..., 0]
        return -(weight * chosen).mean()

    def update(p: Any, key: jax.Array) -> Any:
        states, actions, alive = jax.vmap(partial(play, p))(jax.random.split(key, episodes))
        togo = jnp.cumsum(alive[:, ::-1], -1)[:, ::-1].astype(jnp.float32)
        weight = (togo - togo.mean(0)) * alive / 10
        loss, grads = jax.value_and_grad(loss_of)(p, states, actions, weight)
        norm = jnp.sqrt(sum(jnp.square(g).sum() for g in jax.tree.leaves(grads)))
        p = jax.tree.map(lambda a, g: a - rate * g, p, grads)
        return p, (loss, norm, -alive.sum(-1).mean())

    def run(key: jax.Array) -> Any:
        a, b, c = jax.random.split(key, 3)
        return jax.lax.scan(update, [dense(a, 4, 16), dense(b, 16, 2, 0.1)],
                            jax.random.split(c, updates))[1]  # fmt: skip

    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds) + 7)
    return Run(*(np.asarray(x) for x in jax.jit(jax.vmap(run))(keys)))


# --- causes ---


def flat(rate: float, steps: int = 500) -> np.ndarray:
    return np.full(steps, rate)


def cosine(rate: float, steps: int = 500) -> np.ndarray:
    return rate * 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps))


def warm(rates: np.ndarray, steps: int) -> np.ndarray:
    return rates * np.minimum(1, np.arange(rates.size) / steps)


def restarts(rate: float, cycles: int, steps: int = 150) -> np.ndarray:
    return np.tile(cosine(rate, steps) + 1e-3 * rate, cycles)


def jumps(rate: float, factor: float, at: int, steps: int = 500) -> np.ndarray:
    """A schedule with a mistake: the rate is multiplied at some step, for good."""
    return np.where(np.arange(steps) < at, rate, factor * rate)


def pulse(rate: float, factor: float, at: int, length: int, steps: int = 500) -> np.ndarray:
    k = np.arange(steps)
    return np.where((k >= at) & (k < at + length), factor * rate, rate)


S, E, R, M, D = Verdict
START = (E, R, D)
"""What too high a rate from the start can lead to."""
ANY = (S, E, R, M, D)

normalized = partial(perceptron, True)
steep = partial(perceptron, True, 1.4)
squared = partial(perceptron, False, 1.0, True)
ADAM = (0.999, 1e-8)

CAUSES = {
    # healthy
    "mlp": Cause("a good rate", perceptron, flat(0.02), (S,)),
    "mlp cosine": Cause("a good rate, cosine", perceptron, cosine(0.05), (S,)),
    "mlp small batch": Cause("minibatches of 4", perceptron, flat(0.003, 800), (S,), batch=4),
    "mlp large batch": Cause("minibatches of 256", perceptron, warm(flat(0.05), 50), (S,), 256),
    "mlp adam": Cause("Adam", perceptron, flat(2e-3), (S,), adam=ADAM),
    "mlp slow": Cause("a rate far too low", perceptron, flat(3e-5), (S,)),
    "half": Cause("float16, loss scale 2^24", perceptron, flat(0.02), (S,), half=2.0**24),
    "half adam": Cause("float16, Adam", perceptron, flat(1e-3), (S,), adam=ADAM, half=2.0**22),
    "restarts": Cause("cosine with restarts", perceptron, restarts(0.1, 4), (S,)),
    "char restarts": Cause("cosine with restarts", characters, restarts(8e-3, 3), (S,), adam=ADAM),
    "transformer": Cause("warmup, cosine", attention, warm(cosine(3e-3, 400), 40), (S,),
                         adam=ADAM),
    "char": Cause("Adam, cosine", characters, cosine(3e-3, 600), (S,), adam=ADAM),
    "words": Cause("Adam, cosine", words, warm(cosine(6e-3, 500), 30), (S,), adam=ADAM),
    "fine-tune": Cause("after 600 steps", characters, cosine(5e-4, 400), (S,), adam=ADAM,
                       start=600, start_rate=3e-3),
    "fine-tune mlp": Cause("after 400 steps", perceptron, flat(0.01, 400), (S,), start=400),
    # unstable from the start
    "mlp high": Cause("a rate far too high", perceptron, flat(3.0, 400), START),
    "mlp higher": Cause("a rate too high", perceptron, flat(0.7, 400), ANY),
    "steep": Cause("layer norm, steep start, rate 2", steep, flat(2.0, 400), ANY, 128),
    "normalized": Cause("layer norm, rate 2, cosine", normalized, cosine(2.0, 400), ANY, 128),
    "squared": Cause("squared loss, rate 0.5", squared, flat(0.5, 300), (D,)),
    "char high": Cause("Adam, rate 0.3", characters, flat(0.3, 400), START, adam=ADAM),
    "char no warmup": Cause("Adam, rate 0.1, cosine", characters, cosine(0.1, 400), ANY,
                            adam=ADAM),
    "transformer high": Cause("no warmup, rate 0.1", attention, flat(0.1, 300), ANY, adam=ADAM),
    "early batch": Cause("a minibatch times 60 at step 5", perceptron, flat(0.02), ANY,
                         bad={5: 60.0}),
    "early labels": Cause("steps 3 to 14 with shuffled labels, rate 0.5", normalized,
                          flat(0.5, 400), ANY, 64, bad=dict.fromkeys(range(3, 15), -1.0)),
    # unstable in mid-training
    "bad batch": Cause("a minibatch times 60", perceptron, flat(0.03), ANY, bad={250: 60.0}),
    "bad batch small": Cause("two minibatches times 30, cosine", perceptron, cosine(0.03), ANY,
                             bad={200: 30.0, 201: 30.0}),
    "bad labels": Cause("25 minibatches with shuffled labels", normalized, flat(0.1), ANY,
                        bad=dict.fromkeys(range(280, 305), -1.0)),
    "bad batches": Cause("a minibatch times 20 every 60 steps", perceptron, flat(0.03, 600), ANY,
                         bad=dict.fromkeys(range(120, 600, 60), 20.0)),
    "char labels": Cause("40 minibatches with shuffled targets", characters, flat(1e-2, 600), ANY,
                         adam=(0.95, 1e-8), bad=dict.fromkeys(range(330, 370), -1.0)),
    "words pulse": Cause("the rate times 100 for 4 steps", words,
                         pulse(4e-3, 100.0, 330, 4, 500), ANY, adam=ADAM),
    "words pulses": Cause("the rate times 60 for 4 steps, four times", words, np.maximum.reduce(
                          [pulse(4e-3, 60.0, at, 4, 500) for at in (150, 230, 310, 390)]),
                          ANY, adam=ADAM),
    "words jump": Cause("the rate times 25 from step 300 on", words,
                        jumps(4e-3, 25.0, 300, 500), ANY, adam=ADAM),
    "jump": Cause("the rate times 60 from step 250 on", perceptron, jumps(0.02, 60, 250), ANY),
    "char jump": Cause("the rate times 15", characters, jumps(4e-3, 15.0, 350, 600), ANY,
                       adam=ADAM),
    "climb": Cause("the rate grows by 1.5% a step from step 250 on", characters,
                   4e-3 * 1.015 ** np.maximum(np.arange(600) - 250, 0), ANY, adam=ADAM),
    "transformer pulse": Cause("the rate times 40 for 4 steps", attention,
                               pulse(2e-3, 40.0, 220, 4, 400), ANY, adam=ADAM),
    "fine-tune pulse": Cause("after 600 steps, the rate times 200 for 4 steps", characters,
                             pulse(1e-3, 200.0, 200, 4, 400), ANY, adam=ADAM, start=600,
                             start_rate=3e-3),
    "fine-tune high": Cause("after 600 steps, a rate of 0.1", characters, flat(0.1, 400), ANY,
                            adam=ADAM, start=600, start_rate=3e-3),
    "epsilon": Cause("Adam, beta2 0.5, epsilon 1e-12, rate 0.03", perceptron, flat(0.03, 600), ANY,
                     adam=(0.5, 1e-12)),
    "late": Cause("squared loss, the rate times 12 at step 200", squared,
                  jumps(0.02, 12.0, 200, 400), ANY),
    "NaN in data": Cause("a minibatch of NaN at step 300", perceptron, flat(0.05), (D,),
                         bad={300: float("nan")}),
    "char NaN": Cause("a rate of NaN at step 200", characters,
                      np.where(np.arange(400) == 200, np.nan, 3e-3), (D,), adam=ADAM),
}  # fmt: skip

NEW = {
    "recurrent": Cause("Adam", recurrent, flat(3e-3), (S,), adam=ADAM),
    "recurrent momentum": Cause("warmup, cosine", recurrent, warm(cosine(0.02), 50), (S,)),
    "recurrent high": Cause("a rate of 1", recurrent, flat(1.0, 400), ANY),
    "recurrent batch": Cause("two minibatches with shuffled labels, rate times 30", recurrent,
                             pulse(0.02, 30.0, 260, 3), ANY, bad={260: -1.0, 261: -1.0}),
    "lost labels": Cause("shuffled labels from step 300 on", perceptron, flat(0.03), ANY,
                         bad=dict.fromkeys(range(300, 500), -1.0)),
    "drift": Cause("the rate grows by 1% a step from step 150 on", normalized,
                   0.1 * 1.01 ** np.maximum(np.arange(600) - 150, 0), ANY),
}  # fmt: skip
"""What the first set lacks."""

LEARNING = {"cartpole": (0.5, 300), "cartpole fast": (2.0, 300)}
"""REINFORCE: the rate and the updates."""


def main() -> int:
    file = HELD if sys.argv[1:] == ["held"] else FILE
    kept: dict[str, np.ndarray] = {}
    for name, cause in (CAUSES | NEW if file is HELD else CAUSES).items():
        run = train(cause, SEEDS[file])
        for field, value in run._asdict().items():
            kept[f"{name}/{field}"] = rounded(value)
        print(name, flush=True)
    for name, (rate, updates) in LEARNING.items():
        run = policy_gradient(rate, updates, SEEDS[file])
        for field, value in run._asdict().items():
            kept[f"{name}/{field}"] = rounded(value)
        print(name, flush=True)
    np.savez_compressed(file, **kept)  # pyright: ignore[reportArgumentType]
    print(file.stat().st_size)
    return 0


def rounded(x: np.ndarray) -> np.ndarray:
    """To 12 bits of mantissa, which is finer than any log writes and takes half the space."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return (bits & np.uint32(0xFFFFF800)).view(np.float32)


if __name__ == "__main__":
    sys.exit(main())
