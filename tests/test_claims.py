"""The record of the claims, and the claims that are quick to test; ``make claims`` tests all."""

import ast
import csv
import inspect
import sys

import numpy as np
import pytest
from scipy.stats import binom

from book import scoreboard
from claims import CLAIMS, CONVOLUTIONAL, strips
from claims.__main__ import begun
from claims.curvature import (
    catapult,
    edge_of_adam,
    edge_of_gradient_descent,
    edge_of_momentum,
    edge_of_nadam,
    edge_of_nesterov,
)
from claims.figures import figure_7a, figure_7b, figure_9
from claims.fixes import (
    clipping_half_is_a_smaller_rate,
    clipping_mends_spikes,
    residuals_and_normalization,
)
from claims.kept import code
from claims.outcome import SEEDS, WHOLE, Outcome, measured, part, share_interval, statement, whole
from claims.processors import Machine, first_equal
from claims.recorded import RESULTS, Record, Row, load, save
from claims.table import table
from stabsim._words import Text

pytestmark = pytest.mark.long_runs


SLOWER = [
    figure_7a,
    figure_7b,
    figure_9,
    clipping_mends_spikes,
    clipping_half_is_a_smaller_rate,
    edge_of_gradient_descent,
    edge_of_momentum,
    edge_of_nesterov,
    edge_of_adam,
    edge_of_nadam,
]


@pytest.mark.parametrize(
    "claim",
    [catapult, *(pytest.param(claim, marks=pytest.mark.long) for claim in SLOWER)],
    ids=lambda claim: claim.__name__,
)
def test_a_claim_comes_out_as_recorded(claim):
    (row,) = (row for row in load().rows if row.name == claim.__name__)
    assert claim(SEEDS).verdict == row.published.verdict


def test_the_record_is_of_every_claim_as_it_stands():
    record = load()
    assert record.seeds == list(SEEDS)
    assert [(row.name, row.claim, row.code) for row in record.rows] == [
        (claim.__name__, statement(claim), code(sys.modules[claim.__module__])) for claim in CLAIMS
    ]
    for row, claim in zip(record.rows, CLAIMS, strict=True):
        kind = "convolution" if claim in CONVOLUTIONAL else "dense"
        sets = {m.label(name) for m in record.machines for name in m.alike[kind].values()}
        assert set(row.outcomes) <= sets
        for outcome in row.outcomes.values():
            assert {len(part.holds) for part in outcome.parts} == {len(SEEDS)}
    assert RESULTS.with_name("RESULTS.md").read_text(encoding="utf8") == table(record)


COMPOSED = residuals_and_normalization.__name__
"""Puts its words together when it runs, so that they count as code."""


def test_the_record_says_what_the_claims_say():
    homes = {claim.__name__: inspect.getsource(sys.modules[claim.__module__]) for claim in CLAIMS}
    for row in (row for row in load().rows if row.name != COMPOSED):
        nodes = ast.walk(ast.parse(homes[row.name]))
        said = {node.value for node in nodes if isinstance(node, ast.Constant)} | {*WHOLE}
        for one in row.outcomes.values():
            recorded = {*one.says}.union(*(part.text for part in one.parts))
            assert recorded <= said, f"results.json keeps other words of {row.name}: change them"


CLAIM = '''"""Claims."""

def falls(seeds):
    """It falls.

    Turun.
    """
    return Outcome(
        *measured("from {a}", "dari {a}", a=1),
        [part("that is", "yaitu", seeds > 2)],
    )
'''


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("It falls.", "It does fall, and in more words.", False),
        ("dari {a}", "mulai dari {a}", False),
        ('"that is", "yaitu"', '"this is", "ini"', False),
        ("seeds > 2", "seeds > 3", True),
        ("a=1", "a=2", True),
        ("def falls", "def rises", True),
    ],
)
def test_a_record_is_of_the_code_and_not_of_its_words(old, new, counts, monkeypatch):
    assert CLAIM.count(old) == 1

    def digest(source):
        monkeypatch.setattr(inspect, "getsource", lambda _: source)
        return code(sys)

    assert (digest(CLAIM) != digest(CLAIM.replace(old, new))) is counts


def outcome(held: int, seeds: int) -> Outcome:
    return Outcome(*measured("", ""), whole([True] * held + [False] * (seeds - held)))


def test_a_record_is_read_as_it_was_written(tmp_path):
    says = measured(
        "{a} and {b} and {c}", "{a} dan {b} dan {c}",
        a=np.float32(0.5), b=np.array([1.0, 2.0, np.nan]), c={"8": np.array([1.0, 2.0, 3.0])},
    )  # fmt: skip
    first = Outcome(*says, [part("x", "y", [True, True, False]), part("z", "w", [True] * 3)])
    other = Outcome(*says, whole([False] * 3))
    row = Row("name", Text("claim", "klaim"), "digest", 8, {"native": first, "AVX": other})
    machine = Machine("any", 2, {"dense": {"native": "native"}})
    record = Record("1", [machine], [1, 2, 3], [row])
    save(record, tmp_path / "results.json")
    read = load(tmp_path / "results.json")
    assert read._replace(rows=[]) == record._replace(rows=[])
    (again,) = read.rows
    assert again.published.effect == first.effect
    assert first.effect.en == "0.5 and 2 (1 to ∞) and 8: 2 [−0.484, 4.48]"
    assert first.effect.id == "0,5 dan 2 (1 sampai ∞) dan 8: 2 [−0,484; 4,48]"
    assert again.published.holds == [True, True, False]
    assert [part.held for part in again.published.parts] == [2, 3]
    assert list(again.outcomes) == ["native", "AVX"]


def test_another_machine_stands_beside_what_is_recorded(monkeypatch):
    other = Machine("other", 4, {"dense": {"native": "native"}})
    monkeypatch.setattr("claims.__main__.here", lambda known: other)
    record, machine = begun(["catapult"])
    old = load()
    assert machine is other
    assert record.machines == [*old.machines, other]
    assert [[*row.outcomes] for row in record.rows] == [[*row.outcomes] for row in old.rows]
    monkeypatch.setattr("claims.__main__.here", lambda known: known[0])
    again, first = begun(["catapult"])
    assert again.machines == old.machines
    for row, before in zip(again.rows, old.rows, strict=True):
        own = {name for name in before.outcomes if name.startswith(first.processor)}
        gone = own if row.name == "catapult" else set()
        assert set(row.outcomes) == set(before.outcomes) - gone


def test_a_row_says_which_instruction_sets_lead_to_another_verdict():
    sets = {"native": outcome(20, 20), "AVX": outcome(15, 20), "SSE4_2": outcome(14, 20)}
    assert list(Row("", Text("", ""), "", 8, sets).otherwise) == ["SSE4_2"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Of 2 claims, 2 were", "native, 8 runs together (2 claims); SSE4_2", "yet: last."],
        ),
        ("id", ["Dari 2 klaim, 2 ter", "native, 8 run sekaligus (2 klaim); SSE4_2", "ini: last."]),
    ],
)
def test_the_scoreboard_says_over_what_the_claims_were_tested(monkeypatch, language, words):
    both = {"native": outcome(20, 20), "SSE4_2": outcome(10, 20)}
    sets = {"first": both, "middle": {"native": outcome(15, 20)}, "last": {}}
    rows = [Row(name, Text("claim", "klaim"), "", 8, outcomes) for name, outcomes in sets.items()]
    monkeypatch.setattr(scoreboard, "load", lambda: Record("1", [], [*SEEDS], rows))
    headline = scoreboard.headline(language)
    assert all(word in headline for word in words)
    monkeypatch.setattr(scoreboard, "SHOWN", dict.fromkeys(sets, strips.Shown("warmup-why", [])))
    board = scoreboard.board(language)
    assert board.count("<article") == 2
    assert board.count("SSE4_2") == 1


@pytest.mark.parametrize("row", load().tested, ids=lambda row: row.name)
def test_a_strip_has_the_bounds_of_its_claim(row):
    """What is drawn inside all bounds of a part holds, and what is drawn outside one does not."""
    outcome = row.published  # which is what the strips show
    bounded = [one for one in strips.SHOWN[row.name].strips if one.bounds]
    for place in {one.part for one in bounded}:
        own = [one for one in bounded if one.part == place]
        values = np.array([one.of(outcome.values) for one in own], float)
        low, high = (np.array([[getattr(one, name)] for one in own]) for name in ("low", "high"))
        holds = np.array(outcome.parts[place].holds)
        assert holds[((low < values) & (values < high)).all(0)].all()
        assert ((low <= values) & (values <= high)).all(0)[holds].all()


def test_the_scoreboard_leads_to_all_that_it_rests_on(tmp_path):
    assert set(strips.SHOWN) == {claim.__name__ for claim in CLAIMS}
    scoreboard.publish(tmp_path)
    for row in load().tested:
        code = (tmp_path / f"{row.name}.py.txt").read_text(encoding="utf8")
        assert f"def {row.name}(" in code
        with (tmp_path / f"{row.name}.csv").open(encoding="utf8", newline="") as file:
            table = list(csv.DictReader(file))
        seeds = {one["seed"] for one in table if one["quantity"].startswith("holds")}
        assert seeds == {str(seed) for seed in SEEDS}
        listed = scoreboard.card(row, [*SEEDS], "en")
        assert ("It did not hold" in listed) == (row.published.held < len(SEEDS))
        assert listed.count('class="no"') <= len(strips.SHOWN[row.name].strips)


def test_the_first_of_those_that_compute_the_same_bits_stands_for_them():
    digests = {"native": "x", "AVX2": "x", "AVX": "y", "SSE4_2": "y"}
    assert list(first_equal(digests).values()) == ["native", "native", "AVX", "AVX"]


@pytest.mark.parametrize(
    ("held", "seeds", "verdict"),
    [
        (20, 20, "reproduced"), (15, 20, "reproduced"), (14, 20, "partly reproduced"),
        (6, 20, "partly reproduced"), (5, 20, "not reproduced"), (0, 20, "not reproduced"),
        (9, 10, "reproduced"), (8, 10, "partly reproduced"), (4, 4, "partly reproduced"),
    ],
)  # fmt: skip
def test_verdicts(held, seeds, verdict):
    assert outcome(held, seeds).verdict == verdict


def test_the_interval_of_a_share_holds_it_as_often_as_it_says():
    intervals = [share_interval(held, 20) for held in range(21)]
    for share in (0.5, 0.75, 0.95):
        chance = binom.pmf(range(21), 20, share)
        inside = sum(
            p for p, (low, high) in zip(chance, intervals, strict=True) if low <= share <= high
        )
        assert inside >= 0.95
