"""What the chapter on update rules says of those that came after the playbook's six."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from claims.rules import RULES
from stabsim.labs import LABS
from stabsim.labs.frame.newer import NEWER, OneOf, newer_rules
from stabsim.labs.frame.report import report
from stabsim.labs.race import OFFERED
from tests.chapters.runs import SEEDS, hold_table, tables


def run(seeds=SEEDS, **changes):
    lab = LABS["thresholds"]
    return [tables("thresholds", lab.setting(changes | {"seed": seed})) for seed in seeds]


def ends(**changes):
    """Each seed's sharpness over its threshold, or over the first, in the last quarter."""
    return np.array([found["sharpness"]["share_1"][-6:].mean() for found in run(**changes)])


@pytest.mark.long
@pytest.mark.parametrize(
    ("rule", "rate", "low", "high"),
    [
        ("adamw", 0.01, 0.9, 1.0),
        ("radam", 0.02, 0.9, 1.0),
        ("schedule_free_adamw", 0.02, 1.0, 1.1),
        ("adafactor", 0.02, 1.1, 1.15),
    ],
)
def test_under_four_of_them_the_sharpness_comes_to_the_line(rule, rate, low, high):
    for near in (0.95, 1, 1.05):
        shares = ends(rule=rule, learning_rate=rate * near)
        assert low < np.median(shares) < high
        assert 0.95 * low < shares.min()
        assert shares.max() < 1.05 * high


@pytest.mark.long
def test_lions_step_lies_on_the_rate_and_there_is_no_line():
    lab, rate = LABS["thresholds"], 0.01
    (found,) = run([0], rule="lion", learning_rate=rate)
    np.testing.assert_allclose(found["run"]["moved"], rate, rtol=1e-4)
    assert np.isnan(found["sharpness"]["edge"]).all()
    assert found["sharpness"]["share_1"][0] == 1
    said = report(lab, found, lab.setting({"rule": "lion", "learning_rate": rate}), "en")
    assert "is ∞ (∞: none" in said.sentences[-1]


@pytest.mark.long
def test_the_rate_sets_the_swing():
    for found in run(rule="muon", learning_rate=0.02):
        share = found["run"]["moved"] / np.float32(0.02)
        assert np.isnan(found["sharpness"]["edge"]).all()
        assert share.min() > 0.14
        assert share.max() < 0.25
        assert 0.15 < share[-40:].mean() < 0.17
    for found in run(rule="sgd", learning_rate=0.2):
        assert found["now"]["swing"][0] < 0.01 * 0.2
    lows = [
        np.median([np.median(x["run"]["loss"][-40:]) for x in run(rule="lion", learning_rate=rate)])
        for rate in (0.003, 0.006, 0.01)
    ]
    np.testing.assert_allclose(lows, [0.0023, 0.0036, 0.0052], rtol=0.06)


@pytest.mark.long
def test_one_of_the_newer_rules_is_that_rule():
    rates, start = (0.1, 0.8, 0.95), {"w": jnp.ones((3, 2)), "b": jnp.ones(2)}
    rng = np.random.default_rng(0)
    grads = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=(4, *p.shape)), "f4"), start)

    def path(rule):
        def step(carry, g):
            params, state = carry
            updates, state = rule.update(g, state, params)
            params = jax.tree.map(jnp.add, params, updates)
            return (params, state), (rule.kept(params, state), rule.rate(state))

        (_, state), seen = jax.lax.scan(step, (start, rule.init(start)), grads)
        return seen, rule.threshold(0.1), rule.preconditioner(state)

    one = jax.jit(lambda which: path(OneOf(which, newer_rules(*rates))))
    every = jax.jit(lambda: [path(rule) for rule in newer_rules(*rates)])()
    for which, (seen, threshold, preconditioner) in enumerate(every):
        ours = one(which)
        if preconditioner is None:
            preconditioner = jax.tree.map(jnp.ones_like, start)
        for a, b in zip(
            jax.tree.leaves(ours), jax.tree.leaves((seen, threshold, preconditioner)), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6, err_msg=NEWER[which])


def test_all_but_muon_race():
    assert {option.value for option in LABS["race"].control("newer").options} == set(OFFERED)
    assert set(NEWER) - set(OFFERED) == {"muon"}


@pytest.mark.parametrize(("language", "of"), [("en", "of"), ("id", "dari")])
def test_the_table_of_claims_is_the_record(language, of):
    hold_table("optimizers", RULES, language, of)
