"""Test every claim: ``python -m claims [NAME ...]`` writes claims/results.json and RESULTS.md."""

import json
import sys
import time
from pathlib import Path

from claims import CLAIMS
from claims.outcome import SEEDS, statement

HERE = Path(__file__).parent


def main() -> int:
    names = sys.argv[1:]
    by_name = {claim.__name__: claim for claim in CLAIMS}
    if unknown := sorted(set(names) - set(by_name)):
        print(f"There is no claim {', '.join(unknown)}. The claims are {', '.join(by_name)}.")
        return 2
    rows = []
    for claim in CLAIMS:
        if names and claim.__name__ not in names:
            continue
        start = time.perf_counter()
        outcome = claim(SEEDS)
        seconds = time.perf_counter() - start
        rows.append({
            "name": claim.__name__,
            "claim": statement(claim)._asdict(),
            "effect": outcome.effect._asdict(),
            "seeds": len(outcome.holds),
            "held": int(sum(outcome.holds)),
            "verdict": outcome.verdict,
        })  # fmt: skip
        held = f"{sum(outcome.holds)} of {len(outcome.holds)} seeds"
        print(f"{claim.__name__} ({seconds:.0f} s): {outcome.verdict}, {held}.", flush=True)
        print(f"  {outcome.effect.en}", flush=True)
    if not names:
        (HERE / "results.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        (HERE / "RESULTS.md").write_text(_table(rows))
    return 0


def _table(rows: list[dict]) -> str:
    lines = [
        "# What came of the claims",
        "",
        "Written by `make claims`. Each claim is a function in this folder.",
        "",
        "| claim | measured effect, median (range) over seeds | held in | verdict |",
        "|---|---|---|---|",
    ]
    for row in rows:
        effect = row["effect"]["en"].replace("|", "\\|")
        held = f"{row['held']} of {row['seeds']} seeds"
        claim = row["claim"]["en"]
        lines.append(f"| {claim} (`{row['name']}`) | {effect} | {held} | {row['verdict']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
