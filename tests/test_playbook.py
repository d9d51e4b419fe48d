"""The playbook's procedures on workloads whose answer is known."""

import jax.numpy as jnp
import numpy as np
import pytest

import stabsim as ss
from stabsim.diagnosis import Verdict
from stabsim.playbook import (
    WarmupSearch,
    advise_clipping,
    check_above,
    check_every_step,
    search_warmup,
    warmup_candidates,
)
from stabsim.workloads import mlp, residual_mlp

pytestmark = pytest.mark.long_runs


def hidden(learning_rate, steps, seed):
    net = mlp(gain=1.4, normalize=True)
    return ss.simulate(net, ss.momentum(learning_rate), steps=steps, batch_size=256, seed=seed)


def unstable(learning_rate, steps, seed):
    net = residual_mlp(depth=16, gain=1.4)
    return ss.simulate(net, ss.sgd(learning_rate), steps=steps, batch_size=64, seed=seed)


def test_500_step_check_sees_what_hides_between_evaluations():
    found = check_every_step(hidden, 1.0, seeds=range(3))
    assert [d.verdict for d in found] == [Verdict.EARLY_RECOVERED] * 3
    calm = check_every_step(hidden, 0.02, seeds=range(3))
    assert not any(d.unstable for d in calm)


def test_check_at_5_and_10_times():
    found = check_above(unstable, 0.0005, steps=60, seeds=range(3))
    assert list(found) == [5.0, 10.0]
    assert all(d.verdict is Verdict.DIVERGED for d in found[10.0])
    assert all(d.largest_gradient is not None for d in found[10.0])


def test_search_finds_a_warmup_to_ten_times_the_unstable_rate():
    # cold, this net is unstable from about 0.0005 on
    found = search_warmup(unstable, 0.0005, 600, warmup_steps=[2, 40, 60])
    assert found.base_learning_rate == pytest.approx(0.005)
    assert found.warmup_steps == (2, 40, 60)
    assert found.stable[0] < 1.0
    assert found.shortest == 40
    assert found.hint == "long"
    assert "train longer" in str(found)
    assert found.schedule.steps == 120


def test_a_short_warmup_is_said_without_advice():
    found = WarmupSearch(0.4, (5, 20), (1.0, 1.0), 5, 200)
    assert found.hint is None
    assert str(found) == "At 0.4 the shortest stable warmup takes 5 steps."


def test_search_that_fails_says_what_to_try():
    found = search_warmup(unstable, 1.0, 100, seeds=[0])
    assert found.shortest is None
    assert found.hint == "none"
    assert "clipping" in str(found)
    assert "pemotongan" in found.sentences("id")[0]
    with pytest.raises(ValueError, match="No warmup was stable at 10"):
        _ = found.schedule


def test_candidates_are_orders_of_magnitude_up_to_a_tenth():
    assert warmup_candidates(100_000) == [10, 100, 1000, 10_000]
    assert warmup_candidates(500) == [10, 50]
    assert warmup_candidates(10) == [1]


def test_clipping_advice():
    norms = np.arange(1.0, 101.0)
    advice = advise_clipping(norms)
    assert advice.threshold == pytest.approx(90.1)
    assert advice.clipped_fraction == pytest.approx(0.1)
    assert not advice.aggressive
    assert "persentil ke-90" in advice.sentences("id")[0]
    hard = advise_clipping(norms, threshold=10.0)
    assert hard.clipped_fraction == pytest.approx(0.9)
    assert hard.aggressive
    assert "cut the rate instead" in str(hard)
    some = advise_clipping([1.0, np.nan, np.inf, 2.0], threshold=1.5)
    assert (some.norms, some.clipped_fraction, some.clipped_of_all) == (2, 0.5, 0.75)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: check_every_step(hidden, -1.0), "best_learning_rate must be"),
        (lambda: check_above(hidden, 0.1, 10, factors=[0.0]), "factors must be"),
        (lambda: search_warmup(unstable, 0.0, 100), "unstable_base_learning_rate must be"),
        (lambda: search_warmup(unstable, 0.1, 100, warmup_steps=[50]), "up to 10, a tenth of"),
        (lambda: search_warmup(unstable, 0.1, 100, warmup_steps=[]), "up to 10"),
        (lambda: warmup_candidates(9), "max_train_steps must be at least 10"),
        (lambda: advise_clipping([]), "at least one finite norm"),
        (lambda: advise_clipping([1.0], threshold=0.0), "threshold must be"),
    ],
)
def test_bad_procedures(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_warmup_must_be_stable_for_every_seed():
    def train(learning_rate, steps, seed):  # stable on this parabola up to 2, so for seed 0 alone
        rule = ss.sgd(lambda step: jnp.where(seed == 0, 1.0, 2.0) * learning_rate(step))
        return ss.simulate(ss.workloads.quadratic([1.0]), rule, steps=steps)

    found = search_warmup(train, 0.15, 1000, warmup_steps=[10], seeds=[0, 1])
    assert found.stable == (0.5,)
    assert found.shortest is None
