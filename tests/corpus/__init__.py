"""Small logs, and what must be said of each: one corpus for Python and for the page's scripts.

The logs are runs of stabsim and formats written by hand: see README.md. ``python -m tests.corpus``
writes down in ``expected.json`` what Python says; read the difference before you commit it.
"""

import json
import math
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from book import BOOK
from book.assets import NODE
from book.diagnose import page
from book.diagnose.words import DROP_INSTEAD
from stabsim._settings import LANGUAGES
from stabsim.logs import Columns, LogError, diagnose_log
from stabsim.logs.advice import advise
from stabsim.logs.experiments import EXPERIMENTS
from stabsim.logs.listing import Listing
from stabsim.logs.reader import pick, runs
from stabsim.logs.report import Report
from stabsim.logs.words import LOGS, UNREADABLE

FOLDER = Path(__file__).parent
EXPECTED = FOLDER / "expected.json"

TOLERANCE = 1e-9
"""How far a number may be from what is expected, as a share of it."""


class Case(NamedTuple):
    """A log as it is given: with the columns of some roles, None for none, and some options; among
    them the ``run`` of a log that has several."""

    path: Path
    columns: dict[str, Any] = {}  # noqa: RUF012
    options: dict[str, Any] = {}  # noqa: RUF012


Answer = dict[str, Any]
"""The ``columns`` taken, the ``axis``, the ``verdict``, its ``numbers`` and what is ``said``; the
``runs`` of a log that has several, a line each; or the ``error``. Words are by language."""


def cases() -> dict[str, Case]:
    """Every log as it is, and some with columns or options."""
    logs = FOLDER / "logs"
    choose, early = logs / "choose.csv", logs / "early.csv"
    given = {
        "choose b": Case(choose, {"loss": "b"}),
        "choose three": Case(choose, {"loss": "c", "step": "a", "gradient_norm": "b"}),
        "choose no step": Case(choose, {"step": None}),
        "no names, columns given": Case(logs / "no-names.csv", {"step": "1", "loss": "2"}),
        "gan, one loss": Case(logs / "gan.csv", {}, {"run": "loss_G"}),
        "appended, second run": Case(logs / "appended.csv", {}, {"run": "2"}),
        "several runs, one loss": Case(logs / "several-runs.csv", {"loss": "b - loss"}),
        "trainer, numbered": Case(logs / "trainer.jsonl", {"step": None}),
        "early, percentile": Case(early, {}, {"percentile": 99.5}),
        "early, threshold": Case(early, {}, {"threshold": 0.25}),
        "early, tried": Case(early, {}, {"percentile": 10.0, "tried": ["warmup", "clipping"]}),
        "early, all tried": Case(early, {}, {"tried": list(EXPERIMENTS)}),
    }
    return {path.name: Case(path) for path in sorted(logs.iterdir())} | given


def expected() -> dict[str, Answer]:
    return json.loads(EXPECTED.read_text(encoding="utf8"))


DEFAULTS = {"percentile": 90.0, "threshold": None, "tried": []}


def in_python(case: Case) -> Answer:
    """What ``stabsim diagnose`` says of a log."""
    numbered = "step" in case.columns and case.columns["step"] is None
    named = Columns(**{role: name for role, name in case.columns.items() if name is not None})
    try:
        several = runs(case.path, named, number_rows=numbered)
        wanted = case.options.get("run")
        if wanted is None and len(several) > 1:
            return {"runs": {one: Listing.of(several).lines(one) for one in LANGUAGES}}
        log = pick(several, wanted)
    except LogError as error:
        return {"error": {language: error.text.in_(language) for language in LANGUAGES}}
    reading = diagnose_log(log)
    options = {name: one for name, one in case.options.items() if name != "run"}
    report = Report(log, reading, advise(log, reading, **DEFAULTS | options))
    found = reading.diagnosis
    numbers = {
        "initial": found.initial_loss,
        "final": found.final_loss,
        "end": found.diverged_at,
        "largest": found.largest_gradient,
        "rises": [[r.onset, r.lowest, r.peak_step, r.peak, r.recovered_at] for r in found.rises],
        "clip": report.advice.clip and report.advice.clip.threshold,
    }
    return _plain({
        "columns": log.columns._asdict(),
        "axis": [log.axis, log.objective, log.last_step, log.resumed, log.changes],
        "verdict": found.verdict,
        "numbers": numbers,
        "said": {one: [[*pair] for pair in report.sections(one).items()] for one in LANGUAGES},
    })  # fmt: skip


def _plain(answer: Any) -> Any:
    """As JavaScript writes it: null for a number that is not finite."""
    text = json.dumps(answer, default=float, ensure_ascii=False)
    return json.loads(text, parse_constant=lambda _: None)


def for_the_page(answer: Answer) -> Answer:
    """The answer in the page's words, where these are others than the command's."""
    text = json.dumps(answer, ensure_ascii=False)
    for reason, instead in DROP_INSTEAD.items():
        for said, own in zip((LOGS | UNREADABLE)[reason], instead, strict=True):
            pattern = ".*?".join(map(re.escape, re.split(r"\{\w+\}", json.dumps(said)[1:-1])))
            text = re.sub(pattern, own, text)
    return json.loads(text)


PARTS = BOOK / "web/parts"

SCRIPT = f"""
import {{ openAsBlob, readFileSync }} from "node:fs";
import {{ advise }} from "{PARTS}/advice.mjs";
import {{ contextOf, diagnose }} from "{PARTS}/diagnosis.mjs";
import {{ read }} from "{PARTS}/read.mjs";
import {{ listing, sections }} from "{PARTS}/sections.mjs";

const {{ words, logs }} = JSON.parse(readFileSync(0));
const answers = [];
for (const {{ path, columns, options }} of logs) {{
  const file = await openAsBlob(path);
  const answer = {{}};
  for (const [language, own] of Object.entries(words)) {{
    try {{
      const {{ runs }} = await read(file, columns, own, () => {{}});
      const all = runs.map((log) => {{
        return {{ log, found: diagnose(log.loss.value, own.rules, contextOf(log)) }};
      }});
      if (options.run === undefined && runs.length > 1) {{
        answer.runs = {{ ...answer.runs, [language]: listing(all, own) }};
        continue;
      }}
      const wanted = ({{ log }}) => options.run === undefined || log.run === options.run;
      const {{ log, found }} = all.find(wanted);
      const advice = advise(log, found, options, own);
      const {{ initial, final, end, largest }} = found;
      const rises = found.rises.map((r) => [r.onset, r.lowest, r.peakStep, r.peak, r.recovered]);
      const clip = advice.clip?.threshold ?? null;
      answer.columns = log.columns;
      answer.axis = [log.axis, log.objective, log.last_step, log.resumed, log.changes];
      answer.verdict = found.verdict;
      answer.numbers = {{ initial, final, end, largest, rises, clip }};
      answer.said = {{ ...answer.said, [language]: sections(log, found, advice, own) }};
    }} catch (error) {{
      if (!error.message || error.name !== "Error") throw error;
      answer.error = {{ ...answer.error, [language]: error.message }};
    }}
  }}
  answers.push(answer);
}}
console.log(JSON.stringify(answers));
"""


def in_page(logs: Sequence[Case]) -> list[Answer]:
    """What the page's scripts say of each of some logs, in Node."""
    given = {
        "words": {language: page.words(language) for language in LANGUAGES},
        "logs": [
            {"path": str(path), "columns": columns, "options": DEFAULTS | options}
            for path, columns, options in logs
        ],
    }
    return in_node(SCRIPT, given)


def in_node(script: str, given: Any) -> Any:
    """What a script, which reads ``given``, prints as JSON."""
    done = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-e", script], input=json.dumps(given),
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_alike(answer: Answer, right: Answer) -> None:
    """Words and columns are the same; numbers are near."""
    assert answer.keys() == right.keys()
    for name in right:
        if name == "numbers":
            assert _are_near(answer[name], right[name]), (answer[name], right[name])
        else:
            assert answer[name] == right[name], (answer[name], right[name])


def _are_near(a: Any, b: Any) -> bool:
    if isinstance(b, dict):
        return a.keys() == b.keys() and all(_are_near(a[name], b[name]) for name in b)
    if isinstance(b, list):
        return len(a) == len(b) and all(map(_are_near, a, b))
    return a == b or (None not in (a, b) and math.isclose(a, b, rel_tol=TOLERANCE))
