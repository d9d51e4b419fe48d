"""JAX's own cases of its primitives. See harness.py."""

import json

import pytest

from tests.jax2wasm import harness

SAMPLE = 280


def assert_none_wrong(outcomes):
    wrong = [x for x in outcomes if x.kind in ("differs", "fails")]
    assert not wrong, "\n".join(f"{x.kind} {x.name}: {x.why}" for x in wrong)


@pytest.mark.parametrize("part", range(2))
def test_a_sample_of_the_cases_agrees_or_is_refused(part):
    """At least one case of each primitive."""
    names = harness.sample(SAMPLE)
    groups = {harness.cases()[name].group_name for name in names}
    assert groups == {case.group_name for case in harness.cases().values()}
    assert_none_wrong(harness.run(names[part::2]))


@pytest.mark.long
@pytest.mark.parametrize("key", ["wide", "narrow"])
def test_every_case_comes_to_what_was_written_down(key):
    outcomes = harness.run_all(getattr(harness, key.upper()), processes=2)
    assert_none_wrong(outcomes)
    assert harness.summary(outcomes) == json.loads(harness.KEPT.read_text("utf8"))[key]


def test_the_readme_says_what_was_counted():
    kept = json.loads(harness.KEPT.read_text("utf8"))
    said = harness.MARKED.search(harness.README.read_text("utf8"))[2]
    assert said == harness.sentence(kept)
    assert kept["wide"]["agrees"] >= 0.95 * kept["wide"]["cases"]
    assert not {"differs", "fails"} & {*kept["wide"], *kept["narrow"]}
    assert all(": " in why for key in ("wide", "narrow") for why in kept[key]["why"])


def test_what_differs_is_seen():
    """The comparison is strict: one entry in a million, one place in a sorted row."""
    case = next(c for c in harness.cases().values() if c.group_name == "add")
    x = case.fun(*case.args_maker(harness.generator(case.fullname)))
    assert harness.verdict(case, x, x).kind == "agrees"
    assert harness.verdict(case, x + abs(x).max() / 5e5, x).kind == "differs"
