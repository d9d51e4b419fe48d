"""Verdicts on made-up losses whose kind is known, and on real runs."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import stabsim as ss
from stabsim._sweep_reading import conclude_sweep
from stabsim.diagnosis import Context, Verdict, diagnose
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


def swinging(rng, n):
    """A loss that may rise in many ways: swings that die out, walks, noise with heavy tails."""
    t = np.arange(n)
    match rng.integers(4):
        case 0:
            return np.abs(29 * np.exp(-6 * t / n) * np.cos(t * rng.uniform(0.3, 3))) + 0.01
        case 1:
            return np.exp(np.cumsum(rng.normal(-0.01, rng.choice([0.03, 0.1, 0.3, 1.0]), n)))
        case 2:
            fall = (0.1 + 2.4 * np.exp(-6 * t / n)) * np.exp(0.1 * rng.normal(size=n))
            return fall + 3 * np.exp(-np.maximum(t - n / 2, 0) / (n / 20)) * (t > n / 2)
    return np.abs(rng.standard_cauchy(n)) + 0.1


def test_every_rise_rises_and_is_back_after_its_peak(rng):
    count = 0
    for _ in range(600):
        loss = swinging(rng, int(rng.choice([5, 12, 40, 100, 300])))
        before = -1.0
        for rise in diagnose(loss).rises:
            count += 1
            assert rise.low < rise.peak
            assert before < rise.low_step + 1 <= rise.peak_step
            assert (rise.low, rise.peak) == tuple(
                loss[int(step)] for step in (rise.low_step, rise.peak_step)
            )
            assert rise.recovered_at is None or rise.recovered_at > rise.peak_step
            before = rise.peak_step
    assert count > 100


def test_a_swing_is_told_by_the_losses_that_it_really_had():
    loss = [29.0, 9.0, 8.6, 19.9, 18.2, 6.4, 0.2, *(0.2 * 0.97**k for k in range(143))]
    said = diagnose(loss).sentences("en")
    assert said[2] == (
        "It rises early: from 8.6 at step 2 to 19.9 at step 3, and stays below its start."
    )


@pytest.mark.parametrize("finite", [True, False])
def test_what_blew_up_is_neither_early_nor_slow(finite):
    loss = 2.0 * 3.0 ** np.arange(60)
    if not finite:
        loss[40:] = np.nan
    said = diagnose(loss).sentences("en")
    assert said[0] == "Diverged."
    assert not any(word in line for line in said for word in ("early", "mid-training", "slowly"))
    assert said[-1].startswith(f"It blew up at step {3 if finite else 40}: ")


def test_a_run_that_ends_a_thousand_times_above_its_start_is_not_stable():
    """As of a net whose loss leaps at step 1 and stays, under noise that hides every rise."""
    rng = np.random.default_rng(0)
    loss = np.r_[2330.0, 1e19 * np.exp(rng.normal(size=149))]
    read = diagnose(loss)
    assert read.verdict is Verdict.DIVERGED
    assert read.sentences("en")[2:] == [
        "It blew up at step 1: it ends at more than 10 times its start."
    ]


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
    if not np.isfinite(losses[-5:]).all():
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


@pytest.mark.parametrize(
    ("learned", "feasible", "edge"),
    [
        ([0, 1, 1, 0], [True, True, True, False], (0.04, 0.08)),
        ([0, 0, 0, 0], [True, True, True, True], None),  # as of a small change of a trained net
    ],
)
def test_above_the_best_rate_as_much_must_be_learned_as_at_it(learned, feasible, edge):
    rates, loss = np.array([0.01, 0.02, 0.04, 0.08]), np.array([[0.9], [0.8], [0.85], [0.95]])
    fine = np.ones((4, 1))
    read = conclude_sweep(rates, loss, fine, 0 * fine, np.array(learned, float)[:, None])
    assert read.feasible.tolist() == feasible
    assert (read.best_learning_rate, read.edge) == (0.02, edge)
    last = read.sentences("en")[-1]
    assert last.startswith("From 0.08 on hardly anything is learned" if edge else "No rate above")


# --- where the rule's numbers decide ---


def stepped(up_at: int, rise: float, steps: int = 1000) -> np.ndarray:
    """A loss that falls from 1 to 0.3 within 20 steps, and is higher by ``rise`` for 60 steps."""
    loss = np.linspace(0.3, 0.28, steps)  # falling, so that a rise begins where it does
    loss[:20] = np.linspace(1.0, 0.3, 20)
    loss[up_at : up_at + 60] += rise
    return loss


@pytest.mark.parametrize(("rise", "counts"), [(0.03, False), (0.05, True)])
def test_a_rise_is_an_eighth_of_half_of_what_was_learned(rise, counts):
    assert diagnose(stepped(500, rise)).unstable is counts


@pytest.mark.parametrize(("at", "early"), [(46, True), (58, False)])
def test_early_is_the_first_twentieth_of_training(at, early):
    (rise,) = diagnose(stepped(at, 0.5)).rises
    assert rise.early is early


# --- what people have: language models, resumed runs, half precision ---


def model(seed, records=10_000):
    """A loss as of a language model, from 11.4 to 2.9 nats, the noise of a minibatch on it."""
    t = np.arange(records) / records
    smooth = 2.9 + 7.9 * np.exp(-t / 0.03) + 0.6 * np.exp(-t / 0.3)
    return smooth + 0.08 * np.random.default_rng(seed).normal(size=records)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("records", [200, 1000, 10_000])
@pytest.mark.parametrize("scale", [0.01, 1e6])
def test_a_healthy_language_model_is_stable(seed, records, scale):
    assert diagnose(scale * model(seed, records)).verdict is Verdict.STABLE


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("length", [10, 40, 300])
def test_a_spike_of_one_nat_is_found_with_its_steps(seed, length):
    loss = model(seed)
    loss[6000 : 6000 + length] += np.linspace(1.0, 0.3, length)
    (rise,) = diagnose(loss).rises
    assert not rise.early
    assert rise.recovered_at is not None
    assert 5700 < rise.onset <= 6000 <= rise.peak_step < rise.recovered_at <= 6000 + length + 30
    assert rise.shape == "spike"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("records", [200, 1000, 10_000])
def test_a_shift_that_stays_and_a_slow_climb_are_told_apart(seed, records):
    after = np.arange(records) >= 0.6 * records
    shift = diagnose(model(seed, records) + 0.7 * after).rises
    assert [(rise.shape, rise.recovered_at) for rise in shift] == [("shift", None)]
    climb = np.linspace(0, 1, int(after.sum()))
    loss = model(seed, records)
    loss[after] += climb
    found = diagnose(loss)
    assert found.verdict is Verdict.MID_TRAINING
    assert not found.feasible
    assert found.rises[-1].shape == "climb"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("records", "length"), [(10_000, 60), (1000, 6)])
def test_spikes_that_recur_are_counted(seed, records, length):
    loss = model(seed, records)
    for i in range(14):
        at = int(records * (0.2 + 0.05 * i))
        loss[at : at + length] += np.linspace(60, 3, length)
    assert len(diagnose(loss).rises) == 14


def test_steps_that_loss_scaling_skips_are_no_divergence(rng):
    norm = np.exp(0.2 * rng.normal(size=STEPS))
    norm[[0, 1, 2, 180]] = np.nan, np.inf, np.inf, np.inf
    read = diagnose(decay(rng), gradient_norm=norm)
    assert read.verdict is Verdict.STABLE
    assert read.skipped == (0, 4)
    assert "the first at step 0; the run went on" in str(read)
    norm[350:] = np.nan
    assert diagnose(decay(rng), gradient_norm=norm).diverged_at == 350


def test_nan_in_disguise(rng):
    loss = decay(rng)
    zeros = np.where(np.arange(STEPS) < 150, loss, 0.0)
    read = diagnose(zeros)
    assert (read.verdict, read.reason, read.diverged_at) == (Verdict.DIVERGED, "zero", 150)
    huge = np.where(np.arange(STEPS) < 150, loss, np.finfo(float).max)
    assert diagnose(huge).diverged_at == 150
    read = diagnose(loss[:150], context=Context(last_step=399.0))
    assert (read.verdict, read.reason, read.confidence) == (Verdict.DIVERGED, "stops", "likely")
    assert diagnose(2.0 * 0.1 ** np.arange(STEPS)).verdict is Verdict.STABLE  # a real 0


def test_one_loss_that_is_not_finite_is_survived(rng):
    loss = decay(rng)
    loss[200] = np.nan
    read = diagnose(loss)
    assert (read.verdict, read.lost) == (Verdict.STABLE, (200, 1))


def test_what_explains_a_rise():
    t = np.arange(600)
    rate = 0.5 * (1 + np.cos(np.pi * (t % 200) / 200)) + 1e-3
    loss = 0.3 + 2.2 * np.exp(-t / 40) + 0.3 * rate * (t > 150)
    step = t.astype(float)
    assert diagnose(loss).unstable
    read = diagnose(loss, context=Context(rate=(step, rate)))
    assert read.verdict is Verdict.STABLE
    assert {rise.cause for rise in read.explained} == {"restart"}
    assert "the learning rate restarts" in str(read)
    higher = 0.3 + 2.2 * np.exp(-t / 40) + 0.5 * (t >= 300)
    for context, cause in (
        (Context(resumed=(300.0,)), "resumed"),
        (Context(changes=(("seq_len", 300.0),)), "seq_len"),
    ):
        read = diagnose(higher, context=context)
        assert (read.verdict, read.explained[0].cause) == (Verdict.STABLE, cause)
    assert diagnose(higher, context=Context(resumed=(100.0,))).unstable
    assert diagnose(higher, context=Context(objective="rl")).verdict is Verdict.STABLE


def test_a_rate_that_jumps_is_no_restart():
    t = np.arange(600)
    loss = 0.3 + 2.2 * np.exp(-t / 40) + 0.5 * (t >= 300)
    rate = np.where(t < 300, 0.1, 1.0)
    assert diagnose(loss, context=Context(rate=(t.astype(float), rate))).unstable


def test_a_rise_while_the_rate_warms_up_is_early():
    t = np.arange(400)
    loss = 0.3 + 2.2 * np.exp(-t / 30) + 3.0 * ((t >= 60) & (t < 90))
    assert diagnose(loss).verdict is Verdict.MID_TRAINING
    rate = np.minimum(t / 100, 1.0)
    read = diagnose(loss, context=Context(rate=(t.astype(float), rate)))
    assert read.verdict is Verdict.EARLY_RECOVERED


def test_what_a_run_ends_in(rng):
    guess = np.log(10) + 0.01 * rng.normal(size=STEPS)
    assert diagnose(guess).plateau == "start"
    dead = decay(rng)
    dead[200:] = np.log(10)
    read = diagnose(dead)
    assert (read.verdict, read.plateau) == (Verdict.MID_TRAINING, "constant")
    assert diagnose(decay(rng)).plateau is None


def test_a_spike_of_one_epoch_mean_is_found(rng):
    loss = 0.3 + 2.0 * np.exp(-np.arange(40) / 5) + 0.01 * rng.normal(size=40)
    loss[25] += 1.5
    assert diagnose(loss, context=Context(means=True)).verdict is Verdict.MID_TRAINING
    assert diagnose(loss).verdict is Verdict.STABLE  # of one minibatch it says little


@pytest.mark.parametrize("records", [2000, 60_000])
@pytest.mark.parametrize("df", [3, 30])
def test_heavy_tails_are_no_spikes(records, df):
    """Noise that shrinks with the loss, with outliers among it."""
    for seed in range(3):
        noise = np.abs(np.random.default_rng(seed).standard_t(df, size=records))
        loss = (0.1 + 2.4 * np.exp(-np.arange(records) * 10 / records)) * (1 + 0.2 * noise)
        assert diagnose(loss).verdict is Verdict.STABLE


def test_sensitivity_to_the_rate_counts_no_loss_above_the_start():
    loss = np.array([[2.0, 1.0], [2.0, 0.4], [2.0, np.nan]])
    runs = xr.Dataset({"loss": (("learning_rate", "step"), loss)},
                      {"learning_rate": [0.1, 1.0, 10.0]})  # fmt: skip
    found = float(ss.learning_rate_sensitivity(runs))
    assert found == pytest.approx((1.0 + 0.4 + 2.0) / 3 - 0.4)
    with pytest.raises(ValueError, match="runs must hold 'rate'"):
        ss.learning_rate_sensitivity(runs, axis="rate")
