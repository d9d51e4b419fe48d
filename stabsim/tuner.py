r"""Bayesian optimization of a learning rate, over real runs that were made beforehand.

The metaparameter is the learning rate, seen as :math:`x = \log_2 \eta` in octaves. A run's score
is :math:`y = \log_{10}(\text{validation loss} / \ln 10)`, in decades below guessing, and 0 where it
does not do better than guessing or diverges. The Gaussian process over :math:`y(x)` has the prior
mean 0 and the covariance of Matérn 5/2, and hyperparameters of its own.

References:
    Rasmussen and Williams (2006), chapters 2 and 5, for the process; Jones, Schonlau and Welch
    (1998) for the expected improvement; Snoek, Larochelle and Adams (2012) for both together.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.scipy.stats import norm
from jaxtyping import Array, Bool, Float, Int

from stabsim._computed_once import computed_once
from stabsim._extras import extra
from stabsim.optimizers import momentum
from stabsim.simulation import simulate
from stabsim.sweeps.sweep import sweep
from stabsim.trace import Trace
from stabsim.workloads import mlp

__all__ = [
    "Hyperparameters",
    "Known",
    "Search",
    "arrivals",
    "compare",
    "each",
    "expected_improvement",
    "log_evidence",
    "log_expected_improvement",
    "log_posterior",
    "log_prior",
    "most_probable",
    "place_of_highest",
    "predict",
    "process",
    "rivals",
    "scores",
    "search",
    "typical",
    "with_given",
    "with_learned",
]

STEPS = 60
OCTAVES = np.arange(-64, 17, dtype=np.float32) / 4
"""The candidates: from 2^-16 to 2^4, four to an octave."""

RATES = tuple(2.0 ** float(x) for x in OCTAVES)
RUNS = 12
"""Runs at each rate, with a seed each."""

GUESSING = float(np.log(10))
"""The loss of giving each of ten classes the same probability."""

NEAR = float(np.log10(1.1))
"""A search has arrived when the rate that it recommends has at most 1.1 times the least loss."""

EVALUATIONS = 24
"""A search's budget."""

SEARCHES = 21
"""How many searches a method is judged by: an odd number, so that one is the median."""

TIE = 1e-3
"""Log improvements nearer than this are alike: rounding is not to decide between rates of which
nothing is known."""

FAR = 1e6  # octaves


class Hyperparameters(NamedTuple):
    """Parameters of the prior over functions, and of the noise.

    Attributes:
        length_scale: over how many octaves the score changes by much.
        amplitude: by how much it differs from guessing, in decades (a standard deviation).
        noise: how far runs at one rate scatter, in decades (a standard deviation).
    """

    length_scale: Any
    amplitude: Any
    noise: Any


BELIEFS = ((3.0, 0.7), (0.6, 0.5), (0.07, 0.7))
"""The median of each hyperparameter's prior, and the standard deviation of its logarithm."""

TRIED = Hyperparameters(
    *(g.ravel() for g in np.meshgrid(
        np.float32(2.0) ** np.arange(-1, 5, dtype=np.float32),
        np.asarray([0.3, 0.6], np.float32),
        np.asarray([0.03, 0.07, 0.15], np.float32),
        indexing="ij",
    ))
)  # fmt: skip
"""Among which a search looks for the most probable hyperparameters."""


class Known(NamedTuple):
    """What a search has seen.

    Attributes:
        place: which rate each evaluation was at, ``(EVALUATIONS,)``.
        score: what it came to, ``(EVALUATIONS,)``.
        made: whether it has been made yet, ``(EVALUATIONS,)``.
    """

    place: Int[Array, " n"]
    score: Float[Array, " n"]
    made: Bool[Array, " n"]


class Search(NamedTuple):
    """A finished search: what it saw, and the place of the rate it recommends after each run."""

    known: Known
    recommended: Int[Array, " n"]


# --- the runs ---


def experiment(learning_rate: Any, seed: Any) -> Trace:
    net = mlp(depth=2, width=16)
    return simulate(
        net, momentum(learning_rate), steps=STEPS, batch_size=32, seed=seed, evaluate_at=[STEPS]
    )


@computed_once
def _runs() -> dict[str, np.ndarray]:
    runs = sweep(experiment, learning_rate=RATES, seed=range(RUNS), progress=False)
    loss = np.nan_to_num(runs.validation_loss.isel(evaluation_step=-1).to_numpy(), nan=np.inf)
    return {"score": np.log10(np.minimum(loss, GUESSING) / GUESSING).astype(np.float32)}


def scores() -> np.ndarray:
    """Every run's score, ``(rates, RUNS)``, from real runs that are made when first asked for."""
    return _runs()["score"]


def typical() -> np.ndarray:
    """The median score at each rate, ``(rates,)``."""
    return np.median(scores(), axis=1)


# --- the Gaussian process ---


def process(h: Hyperparameters, known: Known) -> Any:
    """The prior over the scores of the evaluations, as a ``tinygp.GaussianProcess``.

    One that is not made yet stands far from everything, with variance 1 whatever the
    hyperparameters, so that it changes no prediction, and the evidence by a constant.
    """
    with extra("labs"):
        import tinygp  # which takes a second, and most of stabsim does without

    variance = jnp.square(jnp.asarray(h.amplitude, jnp.float32))
    elsewhere = FAR * jnp.arange(1, known.place.size + 1, dtype=jnp.float32)
    x = jnp.where(known.made, jnp.asarray(OCTAVES)[known.place], elsewhere)
    diagonal = jnp.where(known.made, jnp.square(jnp.asarray(h.noise, jnp.float32)), 1 - variance)
    return tinygp.GaussianProcess(variance * tinygp.kernels.Matern52(h.length_scale), x,
                                  diag=diagonal)  # fmt: skip


def log_evidence(h: Hyperparameters, known: Known) -> Array:
    r"""The log marginal likelihood :math:`\log p(y \mid x, h)` of the evaluations made, in nats."""
    scores = jnp.where(known.made, known.score, 0.0)
    waiting = jnp.sum(~known.made).astype(jnp.float32)
    return process(h, known).log_probability(scores) + waiting * 0.5 * np.log(2 * np.pi)


def log_prior(h: Hyperparameters) -> Array:
    """The log density of the hyperparameters' logarithms, independent normals, in nats."""
    each = [
        norm.logpdf(jnp.log(value), np.log(median), spread)
        for value, (median, spread) in zip(h, BELIEFS, strict=True)
    ]
    return sum(each[1:], start=each[0])


def log_posterior(h: Hyperparameters, known: Known) -> Array:
    """Evidence and prior together: up to a constant, what the runs say of the hyperparameters."""
    return log_evidence(h, known) + log_prior(h)


def predict(h: Hyperparameters, known: Known) -> tuple[Array, Array]:
    """The posterior mean and standard deviation of the score itself at every rate."""
    scores = jnp.where(known.made, known.score, 0.0)
    seen = process(h, known).condition(scores, jnp.asarray(OCTAVES), diag=jnp.float32(0)).gp
    return seen.loc, jnp.sqrt(jnp.maximum(seen.variance, 1e-8))


def expected_improvement(mean: Array, deviation: Array, best: Array) -> Array:
    r"""How far below the best score a rate will be on average, 0 where it is not.

    .. math:: \operatorname{E} \max(y^* - f, 0) = \sigma (z \Phi(z) + \varphi(z)),
        \quad z = (y^* - \mu) / \sigma
    """
    z = (best - mean) / deviation
    return deviation * (z * norm.cdf(z) + norm.pdf(z))


def log_expected_improvement(mean: Array, deviation: Array, best: Array) -> Array:
    r"""Its logarithm, which still tells rates apart where the improvement itself rounds to 0.

    Below z = -5 by :math:`z \Phi(z) + \varphi(z) \approx \varphi(z) / (z^2 + 3)`.
    """
    z = (best - mean) / deviation
    near, far = jnp.maximum(z, -5), jnp.minimum(z, -5)
    exact = jnp.log(near * norm.cdf(near) + norm.pdf(near))
    tail = norm.logpdf(far) - jnp.log(jnp.square(far) + 3)
    return jnp.log(deviation) + jnp.where(z > -5, exact, tail)


def place_of_highest(values: Array) -> Array:
    """The lowest rate whose value is the highest, up to ``TIE``."""
    return jnp.argmax(values > jnp.max(values) - TIE)


def each(function: Callable[[Any], Any], xs: Any) -> Any:
    """The function of each entry, one after the other.

    For ``vmap`` would make batches of Cholesky factors, and on a CPU jaxlib lets each batch wait
    for the threads that it holds itself: two at once, on two cores, wait for ever.
    """
    return jax.lax.map(function, xs)


def best_score(known: Known) -> Array:
    return jnp.min(jnp.where(known.made, known.score, jnp.inf))


def most_probable(known: Known) -> Hyperparameters:
    """The hyperparameters of the highest posterior density among those tried."""
    tried = jax.tree.map(jnp.asarray, TRIED)
    at = jnp.argmax(each(lambda h: log_posterior(h, known), tried))
    return jax.tree.map(lambda x: x[at], tried)


# --- searches ---


def with_given(h: Hyperparameters) -> Callable[[Known], Array]:
    """Choose the rate of the highest expected improvement, under fixed hyperparameters."""

    def choose(known: Known) -> Array:
        return place_of_highest(log_expected_improvement(*predict(h, known), best_score(known)))

    return choose


def with_learned(known: Known) -> Array:
    """The same, under the hyperparameters that are most probable after the runs so far."""
    return with_given(most_probable(known))(known)


def search(seed: Any, choose: Callable[[Known], Array] | None = None) -> Search:
    """A search from a first rate drawn at random.

    Args:
        seed: decides the order of the random rates, and which of a rate's runs is met.
        choose: from what is known to the place of the next rate; at random, without
            repetition, if not given.
    """
    order_key, run_key = jax.random.split(jax.random.key(seed))
    order = jax.random.permutation(order_key, OCTAVES.size)
    runs = jax.random.randint(run_key, (EVALUATIONS,), 0, RUNS)
    table = jnp.asarray(scores())

    def evaluate(known: Known, t: Array) -> tuple[Known, Array]:
        place = order[t]
        if choose is not None:
            place = jnp.where(t == 0, place, choose(known).astype(place.dtype))
        known = Known(
            known.place.at[t].set(place),
            known.score.at[t].set(table[place, runs[t]]),
            known.made.at[t].set(True),
        )
        return known, known.place[jnp.argmin(jnp.where(known.made, known.score, jnp.inf))]

    nothing = Known(
        jnp.zeros(EVALUATIONS, order.dtype), jnp.zeros(EVALUATIONS), jnp.zeros(EVALUATIONS, bool)
    )
    return Search(*jax.lax.scan(evaluate, nothing, jnp.arange(EVALUATIONS)))


def arrivals(recommended: Any) -> np.ndarray:
    """After how many evaluations each search has arrived; infinity if it never does.

    Args:
        recommended: places, ``(..., EVALUATIONS)``.
    """
    near = typical()[np.asarray(recommended)] <= typical().min() + NEAR
    return np.where(near.any(-1), near.argmax(-1) + 1.0, np.inf)


@computed_once
def rivals() -> dict[str, np.ndarray]:
    """Searches by a process that learns its hyperparameters, and at random, SEARCHES of each.

    Returns:
        The learned ones' ``place`` and ``score``, and what each kind recommends, as ``learned``
        and ``random``, all ``(SEARCHES, EVALUATIONS)``.
    """
    seeds = jnp.arange(SEARCHES)
    learned = jax.jit(lambda seeds: each(lambda seed: search(seed, with_learned), seeds))(seeds)
    random = jax.jit(jax.vmap(search))(seeds)
    return {
        "place": np.asarray(learned.known.place),
        "score": np.asarray(learned.known.score),
        "learned": np.asarray(learned.recommended),
        "random": np.asarray(random.recommended),
    }


def compare(length_scales: Sequence[float]) -> xr.DataArray:
    """After how many evaluations each of many searches has arrived, method by method.

    Args:
        length_scales: those to fix the process's at, in octaves; its other hyperparameters are
            then the medians of their priors.
    Returns:
        Evaluations by ``method`` ("learned", "random", or a length-scale as text) and ``seed``.
    """
    seeds = jnp.arange(SEARCHES)
    _, amplitude, noise = (median for median, _ in BELIEFS)

    @jax.jit
    def fixed(length_scale: Array) -> Array:
        choose = with_given(Hyperparameters(length_scale, amplitude, noise))
        return each(lambda seed: search(seed, choose).recommended, seeds)

    found = {name: rivals()[name] for name in ("random", "learned")}
    found |= {f"{x:g}": fixed(jnp.float32(x)) for x in length_scales}
    return xr.DataArray(
        np.stack([arrivals(places) for places in found.values()]),
        dims=("method", "seed"),
        coords={"method": list(found), "seed": np.arange(SEARCHES)},
    )
