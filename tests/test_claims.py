"""The claims that are quick to test; ``make claims`` tests them all."""

import json
from pathlib import Path

import pytest

from claims import CLAIMS
from claims.__main__ import HERE
from claims.curvature import EDGES
from claims.figures import figure_7a, figure_7b, figure_9
from claims.fixes import clipping_half_is_a_smaller_rate, clipping_mends_spikes
from claims.outcome import SEEDS, Outcome, statement
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
    assert len(outcome.holds) == len(SEEDS) >= 10
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
    ("held", "verdict"),
    [(10, "reproduced"), (9, "reproduced"), (8, "partly reproduced"), (4, "not reproduced")],
)
def test_verdicts(held, verdict):
    assert Outcome(Text("", ""), [True] * held + [False] * (10 - held)).verdict == verdict
