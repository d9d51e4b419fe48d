"""Verdicts on made-up losses whose kind is known, and on real runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stabsim as ss
from stabsim.diagnosis import Verdict, diagnose
from stabsim.sweeps import diagnose_sweep
from stabsim.trace import final_loss
from stabsim.workloads import mlp, quadratic, residual_mlp

STEPS = 400


def decay(rng, noise=0.1):
    """A loss that falls from 2.5 to 0.1, with a minibatch's noise."""
    t = np.arange(STEPS)
    return (0.1 + 2.4 * np.exp(-t / 60)) * np.exp(noise * rng.normal(size=STEPS))


def bump(at, height, length):
    t = np.arange(STEPS)
    return height * np.exp(-np.maximum(t - at, 0) / length) * (t >= at)


def made_up(kind, rng):
    loss = decay(rng)
    match kind:
        case Verdict.EARLY:
            return loss + bump(3, 5.0, 1e9)
        case Verdict.EARLY_RECOVERED:
            return loss + bump(3, 40.0, 12)
        case Verdict.MID_TRAINING:
            return loss + bump(200, 2.0, 50)
        case Verdict.DIVERGED:
            return np.where(np.arange(STEPS) < 150, loss, np.nan)
    return loss


@pytest.mark.parametrize("kind", Verdict)
@pytest.mark.parametrize("seed", range(10))
def test_made_up_losses_get_the_verdict_they_were_made_for(kind, seed):
    assert diagnose(made_up(kind, np.random.default_rng(seed))).verdict is kind


@pytest.mark.parametrize("seed", range(10))
def test_one_outlying_minibatch_is_no_instability(seed):
    loss = decay(np.random.default_rng(seed))
    loss[[20, 200, 300]] *= 1000
    assert diagnose(loss).verdict is Verdict.STABLE


def test_evidence_names_the_steps(rng):
    read = diagnose(made_up(Verdict.MID_TRAINING, rng), steps=10 * np.arange(STEPS))
    (rise,) = read.rises
    assert 1500 < rise.onset <= 2010
    assert 2000 <= rise.peak_step <= 2100
    assert rise.recovered_at is not None
    assert not rise.early
    assert f"at step {rise.peak_step:g}" in str(read)
    assert str(read).startswith("Mid-training instability.")


def test_unrecovered_jump_is_infeasible_and_a_recovered_one_feasible(rng):
    back = diagnose(made_up(Verdict.MID_TRAINING, rng))
    gone = diagnose(decay(rng) + bump(200, 2.0, 1e9))
    assert (back.feasible, gone.feasible) == (True, False)
    assert gone.verdict is Verdict.MID_TRAINING


def test_sparse_evaluation_misses_an_early_recovery(rng):
    loss = made_up(Verdict.EARLY_RECOVERED, rng)
    assert diagnose(loss).verdict is Verdict.EARLY_RECOVERED
    assert diagnose(loss[::100], steps=np.arange(0, STEPS, 100)).verdict is Verdict.STABLE


def test_runaway_loss_has_diverged_even_if_finite():
    assert diagnose(2.0 * 1.05 ** np.arange(200)).verdict is Verdict.DIVERGED


def test_not_finite_from_the_start():
    read = diagnose([np.nan, np.nan, np.nan])
    assert read.verdict is Verdict.DIVERGED
    assert read.diverged_at == 0


def test_gradient_norm_alone_can_show_divergence():
    read = diagnose([2.0, 1.0, 0.9, 0.8], gradient_norm=[1.0, 5.0, 2.0, np.inf])
    assert read.diverged_at == 3
    assert read.largest_gradient == (1.0, 5.0)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=2, max_size=60))
def test_any_log_gets_a_verdict(losses):
    read = diagnose(losses)
    assert read.verdict in Verdict
    assert read.feasible in (True, False)
    assert read.sentences("en")[1:]
    assert (read.verdict is Verdict.STABLE) == (not read.unstable)
    if not np.isfinite(losses).all():
        assert read.verdict is Verdict.DIVERGED


@given(
    st.lists(st.floats(0.01, 100.0), min_size=5, max_size=60),
    st.floats(0.01, 100.0),
    st.integers(1, 1000),
)
def test_units_do_not_matter(losses, scale, stride):
    plain = diagnose(losses)
    other = diagnose(np.array(losses) * scale, steps=stride * np.arange(len(losses)))
    assert other.verdict is plain.verdict


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(0.05, {Verdict.STABLE}), (1.0, {Verdict.EARLY, Verdict.MID_TRAINING, Verdict.DIVERGED})],
)
def test_real_runs(rate, expected):
    for seed in range(3):
        trace = ss.simulate(mlp(), ss.momentum(rate), steps=300, batch_size=64, seed=seed)
        assert diagnose(trace).verdict in expected


def test_real_early_instability_with_recovery():
    net = mlp(gain=1.4, normalize=True)
    for seed in range(3):
        trace = ss.simulate(net, ss.momentum(2.0), steps=300, batch_size=256, seed=seed)
        assert diagnose(trace).verdict is Verdict.EARLY_RECOVERED


@pytest.fixture(scope="module")
def runs():
    net = residual_mlp(depth=8, gain=1.2)

    def experiment(learning_rate, seed):
        return ss.simulate(net, ss.sgd(learning_rate), steps=200, batch_size=64, seed=seed)

    return ss.sweep(experiment, learning_rate=[2.0**k for k in range(-10, 0)], seed=range(3))


def test_sweep_of_a_workload_limited_by_instability(runs):
    read = diagnose_sweep(runs)
    assert read.edge is not None
    last, first = read.edge
    assert read.best_learning_rate <= last < first
    assert read.feasible[: list(read.learning_rate).index(first)].all()
    assert np.isinf(read.objective[-1])
    assert read.unstable_base_learning_rate >= read.best_learning_rate
    assert read.limited_by_instability
    assert not read.best_at_boundary
    assert "limited by instability" in str(read)
    single = diagnose_sweep(runs.isel(seed=0), objective="validation_error")
    assert single.best_learning_rate > 0


def test_sweep_that_stops_too_low_says_so(runs):
    read = diagnose_sweep(runs.isel(learning_rate=slice(0, 3)))
    assert read.best_at_boundary
    assert read.edge is None
    assert read.unstable_base_learning_rate is None
    assert "sweep higher" in str(read)


def test_final_loss():
    np.testing.assert_allclose(final_loss(np.arange(100.0)), 94.5)
    assert np.isnan(final_loss([1.0, np.nan]))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: diagnose([]), ValueError, "at least two records; there are 0"),
        (lambda: diagnose([1.0]), ValueError, "at least two records; there are 1"),
        (lambda: diagnose([[1.0, 2.0]]), ValueError, "list of numbers"),
        (lambda: diagnose(["a", "b"]), TypeError, "losses must be numbers"),
        (lambda: diagnose([1.0, 2.0], steps=[0]), ValueError, "steps must be one a loss: 2, not 1"),
        (
            lambda: diagnose([1.0, 2.0], steps=[1, 1]),
            ValueError,
            "steps must be finite and increase",
        ),
        (lambda: diagnose([1.0, 2.0], steps=[0, np.nan]), ValueError, "steps must be finite"),
        (
            lambda: diagnose([1.0, 2.0], gradient_norm=[1.0]),
            ValueError,
            "gradient_norm must be one a loss",
        ),
        (lambda: diagnose_sweep([1.0]), TypeError, "runs must be the dataset of a sweep, not list"),
    ],
)
def test_bad_logs(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()


def test_bad_sweeps(runs, unchecked):
    with pytest.raises(ValueError, match="objective must be one of"):
        diagnose_sweep(runs, objective="speed")
    with pytest.raises(ValueError, match="runs must hold 'rate'"):
        diagnose_sweep(runs, axis="rate")
    two = ss.sweep(
        lambda learning_rate, gamma: ss.simulate(
            quadratic([1.0]), ss.momentum(learning_rate, gamma), steps=20
        ),
        learning_rate=[0.1, 0.2],
        gamma=[0.0, 0.5],
    )
    with pytest.raises(ValueError, match=r"select one value of each other axis first: \['gamma'\]"):
        diagnose_sweep(two)
    bad = ss.sweep(
        lambda learning_rate: ss.simulate(quadratic([1.0]), ss.sgd(learning_rate), steps=300),
        learning_rate=[5.0, 9.0],
    )
    with pytest.raises(ValueError, match="no learning rate of the sweep is feasible"):
        diagnose_sweep(bad)


# --- where the rule's numbers decide ---


def stepped(up_at: int, rise: float, steps: int = 1000) -> np.ndarray:
    """A loss that falls from 1 to 0.3 within 20 steps, and is higher by ``rise`` for 60 steps."""
    loss = np.linspace(0.3, 0.28, steps)  # falling, so that a rise begins where it does
    loss[:20] = np.linspace(1.0, 0.3, 20)
    loss[up_at : up_at + 60] += rise
    return loss


@pytest.mark.parametrize(("rise", "counts"), [(0.08, False), (0.13, True)])
def test_a_rise_is_a_tenth_of_the_initial_loss(rise, counts):
    assert diagnose(stepped(500, rise)).unstable is counts


@pytest.mark.parametrize(("at", "early"), [(46, True), (58, False)])
def test_early_is_the_first_twentieth_of_training(at, early):
    (rise,) = diagnose(stepped(at, 0.5)).rises
    assert rise.early is early
