"""What the chapter on the word metaparameter says of its searches, which rest on trained runs.

The runs are trained inside the tuner, so that their weights are not nudged here.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from claims.statement import Nudge, Said, Statement
from stabsim import tuner
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Slider
from stabsim.labs.frame.report import reached, report
from stabsim.labs.surrogate import LENGTH_SCALES, NOISES, densities
from stabsim.tuner import Hyperparameters, Known

SEEDS = range(10)
MOST = 7


def known(seed: int, evaluations: int) -> Known:
    """What a learned search knows after so many evaluations."""
    place, score = (jnp.asarray(tuner.rivals()[name])[seed] for name in ("place", "score"))
    return Known(place, score, jnp.arange(tuner.EVALUATIONS) < evaluations)


def facts(name: str, **changes: Any) -> tuple[dict, bool]:
    """A lab's facts at one setting, and whether its goal is reached."""
    lab = LABS[name]
    values = lab.setting(changes)
    found = report(lab, lab.compute(values), values, "en").facts
    return found, reached(lab, found)


def a_well_set_process_needs_few_runs(_: Nudge) -> Iterator[Statement]:
    arrived = tuner.compare([0.5, 4.0, 32.0]).median("seed")
    runs = dict(zip(arrived.method.to_numpy(), arrived.to_numpy(), strict=True))
    yield Statement("runs of a random search, median", runs["random"], 15, 24)
    yield Statement("4 octaves over random", runs["4"] / runs["random"], high=0.4)
    yield Statement("4 octaves over half an octave", runs["4"] / runs["0.5"], high=1)
    yield Statement("half an octave over random", runs["0.5"] / runs["random"], high=1)
    yield Statement("32 octaves arrive never", np.isinf(runs["32"]), low=1)
    yield Statement("learned over 4 octaves", runs["learned"] / runs["4"], 1, 1.5)


def less_than_half_of_63_random_searches_arrive(_: Nudge) -> Iterator[Statement]:
    found = jax.jit(jax.vmap(tuner.search))(jnp.arange(63)).recommended
    yield Statement("share that arrives", np.isfinite(tuner.arrivals(found)).mean(), high=0.5)


def random_search_is_the_plain_best_so_far(_: Nudge) -> Iterator[Statement]:
    recommended = tuner.rivals()["random"]
    losses = tuner.typical()[recommended]
    late = np.isinf(tuner.arrivals(recommended[:, :1])).sum()
    yield Statement("searches that one evaluation does not end", late, low=15)
    gain = losses[:, 0].mean() - losses[:, -1].mean()
    yield Statement("what all evaluations gain over the first", gain, low=0)


def the_maps_goal_is_reached_at_two_to_five_octaves(_: Nudge) -> Iterator[Statement]:
    length_scale, amplitude, noise = (
        slider for slider in LABS["surrogate"].controls[:3] if isinstance(slider, Slider)
    )
    sizes = np.asarray([amplitude.at(p) for p in range(0, 101, 10)], np.float32)
    inside = goals = 0
    for seed in SEEDS:
        grid = np.asarray(densities(LENGTH_SCALES, sizes, NOISES, known(seed, 12)))
        i, j, k = np.unravel_index(grid.argmax(), grid.shape)
        chosen = {
            "length_scale": length_scale.at(length_scale.position(float(LENGTH_SCALES[i]))),
            "amplitude": float(sizes[j]),
            "noise": noise.at(noise.position(float(NOISES[k]))),
        }
        goals += facts("surrogate", evaluations=12, seed=seed, **chosen)[1]
        inside += 2 <= chosen["length_scale"] <= 5
    yield Statement("goals at the map's highest place", goals, low=len(SEEDS))
    yield Statement("of these at 2 to 5 octaves", inside, low=MOST)
    yield Statement("goal at the default", facts("surrogate", evaluations=12)[1], high=0)


def a_short_process_forgets_and_a_long_one_is_sure(_: Nudge) -> Iterator[Statement]:
    seen = np.asarray(tuner.OCTAVES)[np.asarray(known(0, 6).place)[:6]]
    far = np.abs(tuner.OCTAVES[:, None] - seen).min(1) > 1.5
    mean, deviation = tuner.predict(Hyperparameters(0.5, 0.6, 0.07), known(0, 6))
    yield Statement("short: mean far off", np.abs(np.asarray(mean)[far]).max(), high=0.1)
    yield Statement("short: deviation far off", np.asarray(deviation)[far].min(), low=0.5)
    mean, deviation = tuner.predict(Hyperparameters(32.0, 0.6, 0.07), known(0, 6))
    off = np.abs(np.asarray(mean) - tuner.typical()) / np.asarray(deviation)
    yield Statement("long: deviations by which it errs", off.max(), low=5)


def where_the_next_run_is_asked_for(_: Nudge) -> Iterator[Statement]:
    place, score = (tuner.rivals()[name][0, :6] for name in ("place", "score"))
    best = tuner.RATES[place[score.argmin()]]
    apart = abs(np.log2(facts("surrogate")[0]["next"] / best))
    yield Statement("octaves from the best run, default", apart, high=0.5)
    yield Statement("rate asked for, long", facts("surrogate", length_scale=30)[0]["next"], low=8)


def a_credulous_search_tries_both_ends_and_then_repeats_itself(_: Nudge) -> Iterator[Statement]:
    choose = tuner.with_given(Hyperparameters(32.0, 0.6, 0.07))
    ends, both, tried = {0, len(tuner.RATES) - 1}, 0, []
    for seed in SEEDS:
        place = np.asarray(tuner.search(seed, choose).known.place).tolist()
        both += ends <= set(place[:4])
        tried.append(len(set(place)))
    yield Statement("searches that try both ends first", both, low=MOST)
    yield Statement("rates that they try, median", float(np.median(tried)), 9, 15)
    found = [np.asarray(tuner.search(seed).known.place).tolist() for seed in SEEDS]
    least = min(len(set(place)) for place in found)
    yield Statement("rates that random searches try, least", least, low=tuner.EVALUATIONS)


def goal_of_the_race(_: Nudge) -> Iterator[Statement]:
    for length_scale, expected in ((0.5, 0), (4.0, 1)):
        goal = facts("search", length_scale=length_scale)[1]
        yield Statement(f"goal at {length_scale} octaves", goal, expected, expected)


def scores_are_those_of_real_runs(_: Nudge) -> Iterator[Statement]:
    place = 48
    trace = tuner.experiment(tuner.RATES[place], 3)
    loss = float(np.asarray(trace.validation_loss)[-1])
    expected = np.log10(min(loss, tuner.GUESSING) / tuner.GUESSING)
    share = tuner.scores()[place, 3] / expected
    yield Statement("a score over that of its run", share, 0.999, 1.001)


STATEMENTS: list[Said] = [
    a_well_set_process_needs_few_runs,
    less_than_half_of_63_random_searches_arrive,
    random_search_is_the_plain_best_so_far,
    the_maps_goal_is_reached_at_two_to_five_octaves,
    a_short_process_forgets_and_a_long_one_is_sure,
    where_the_next_run_is_asked_for,
    a_credulous_search_tries_both_ends_and_then_repeats_itself,
    goal_of_the_race,
    scores_are_those_of_real_runs,
]
