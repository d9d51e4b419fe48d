"""The claims that are quick to test; ``make claims`` tests them all."""

import json
from pathlib import Path

import pytest
from scipy.stats import binom

from claims import CLAIMS
from claims.__main__ import HERE
from claims.curvature import EDGES
from claims.figures import figure_7a, figure_7b, figure_9
from claims.fixes import clipping_half_is_a_smaller_rate, clipping_mends_spikes
from claims.outcome import SEEDS, Outcome, share_interval, statement
from stabsim._words import Text

pytestmark = pytest.mark.long_runs

QUICK = [
    figure_7a,
    figure_7b,
    figure_9,
    clipping_mends_spikes,
    clipping_half_is_a_smaller_rate,
    *EDGES,
]


@pytest.mark.parametrize("claim", QUICK, ids=lambda claim: claim.__name__)
def test_claim_is_reproduced(claim):
    outcome = claim(SEEDS)
    print(
        f"{statement(claim).en} {outcome.effect.en}; held in {sum(outcome.holds)} of {len(SEEDS)}"
    )
    assert len(outcome.holds) == len(SEEDS) >= 20
    assert outcome.verdict == "reproduced", outcome.effect


def test_published_table_holds_every_claim_and_its_statement():
    rows = json.loads((Path(HERE) / "results.json").read_text())
    assert [(row["name"], row["claim"]) for row in rows] == [
        (claim.__name__, statement(claim)._asdict()) for claim in CLAIMS
    ]
    for row in rows:
        held, seeds = row["held"], row["seeds"]
        outcome = Outcome(Text(**row["effect"]), [True] * held + [False] * (seeds - held))
        assert outcome.verdict == row["verdict"]


@pytest.mark.parametrize(
    ("held", "seeds", "verdict"),
    [
        (20, 20, "reproduced"), (15, 20, "reproduced"), (14, 20, "partly reproduced"),
        (6, 20, "partly reproduced"), (5, 20, "not reproduced"), (0, 20, "not reproduced"),
        (9, 10, "reproduced"), (8, 10, "partly reproduced"), (4, 4, "partly reproduced"),
    ],
)  # fmt: skip
def test_verdicts(held, seeds, verdict):
    assert Outcome(Text("", ""), [True] * held + [False] * (seeds - held)).verdict == verdict


def test_the_interval_of_a_share_holds_it_as_often_as_it_says():
    intervals = [share_interval(held, 20) for held in range(21)]
    for share in (0.5, 0.75, 0.95):
        chance = binom.pmf(range(21), 20, share)
        inside = sum(
            p for p, (low, high) in zip(chance, intervals, strict=True) if low <= share <= high
        )
        assert inside >= 0.95
