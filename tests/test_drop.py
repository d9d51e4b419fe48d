"""The page that diagnoses a log: its scripts say what Python says, and what it is in a browser."""

import json
import re
import subprocess

import numpy as np
import pytest

import stabsim as ss
from book.assets import NODE
from stabsim.advice import advise
from stabsim.drop import examples, page
from stabsim.logs import Columns, LogError, diagnose_log, read
from stabsim.report import Report
from stabsim.words import DROP_INSTEAD, LANGUAGES, LOGS, UNREADABLE
from tests.test_labs import PARTS

pytestmark = pytest.mark.long_runs

SCRIPT = f"""
import {{ openAsBlob, readFileSync }} from "node:fs";
import {{ advise }} from "{PARTS}/advice.mjs";
import {{ diagnose }} from "{PARTS}/diagnosis.mjs";
import {{ read }} from "{PARTS}/read.mjs";
import {{ sections }} from "{PARTS}/sections.mjs";

const {{ words, logs }} = JSON.parse(readFileSync(0));
const said = [];
for (const {{ path, given, options }} of logs) {{
  const file = await openAsBlob(path);
  said.push({{}});
  for (const [language, own] of Object.entries(words)) {{
    try {{
      const {{ log }} = await read(file, given, own, () => {{}});
      const steps = log.loss.step;
      const found = diagnose(log.loss.value, own.rules, {{ steps, norms: log.gradient_norm }});
      said.at(-1)[language] = sections(log, found, advise(log, found, options, own), own);
    }} catch (error) {{
      if (!error.message || error.name !== "Error") throw error;
      said.at(-1)[language] = error.message;
    }}
  }}
}}
console.log(JSON.stringify(said));
"""

DEFAULTS = {"percentile": 90.0, "threshold": None, "tried": []}


def in_page(logs):
    """What the page says of each of some logs, (path, given columns, options), by language."""
    given = {
        "words": {language: page.words(language) for language in LANGUAGES},
        "logs": [
            {"path": str(path), "given": columns, "options": DEFAULTS | options}
            for path, columns, options in logs
        ],
    }
    done = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-e", SCRIPT], input=json.dumps(given),
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_python(path, columns, options):
    """What `stabsim diagnose` says of a log, in the page's words where these are others."""
    numbered = "step" in columns and columns["step"] is None
    named = Columns(**{role: name for role, name in columns.items() if name is not None})
    said = {}
    for language in LANGUAGES:
        try:
            log = read(path, named, number_rows=numbered)
            reading = diagnose_log(log)
            report = Report(log, reading, advise(log, reading, **DEFAULTS | options))
            said[language] = [list(pair) for pair in report.sections(language).items()]
        except LogError as error:
            said[language] = error.text.in_(language)
    return json.loads(in_the_pages_words(json.dumps(said, ensure_ascii=False)))


def in_the_pages_words(text):
    for reason, instead in DROP_INSTEAD.items():
        for said, own in zip((LOGS | UNREADABLE)[reason], instead, strict=True):
            pattern = ".*?".join(map(re.escape, re.split(r"\{\w+\}", json.dumps(said)[1:-1])))
            text = re.sub(pattern, own, text)
    return text


def same(logs):
    logs = [(*log, {}, {})[:3] for log in logs]
    for log, there in zip(logs, in_page(logs), strict=True):
        assert there == in_python(*log), (log[1:], log[0].read_bytes()[:600])
    return logs


@pytest.fixture
def write(tmp_path):
    """Writes a log, in a file of its own."""
    written = []

    def write(text, encoding="utf-8"):
        path = tmp_path / f"{len(written)}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        written.append(path)
        return path

    return write


def table(columns, separator=",", decimal="."):
    rows = zip(*columns.values(), strict=True)
    lines = [separator.join(str(x).replace(".", decimal) for x in row) for row in rows]
    return "\n".join([separator.join(columns), *lines, ""])


# --- the same words as Python's ---


def test_real_runs(write):
    net = ss.workloads.residual_mlp(depth=8)
    runs = ss.sweep(
        lambda learning_rate, seed: ss.simulate(
            net, ss.sgd(learning_rate), steps=150, batch_size=32, seed=seed
        ),
        learning_rate=[2.0**k for k in range(-8, -1)],
        seed=range(2),
        progress=False,
    )
    logs, verdicts = [], set()
    for rate in runs.learning_rate.values:
        for seed in range(2):
            run = runs.sel(learning_rate=rate, seed=seed)
            loss = run.loss.to_numpy().astype(float)
            norm = run.gradient_norm.to_numpy().astype(float)
            verdicts.add(ss.diagnose(loss, gradient_norm=norm).verdict)
            columns = {"step": 10 * np.arange(150), "loss": loss, "grad_norm": norm}
            columns["lr"] = rate * np.minimum(np.arange(150) / 20, 1) if seed else [rate] * 150
            logs.append((write(table(columns)),))
    for example in examples.EXAMPLES:
        trace = example.run()
        verdicts.add(ss.diagnose(trace).verdict)
        logs.append((write(examples.csv(trace)),))
    same(logs)
    assert len(verdicts) >= 4


def test_long_logs(write, rng):
    """Beyond the length from which Python keeps only some of the records."""
    logs = []
    for n in (30_000, 60_000):
        t = np.arange(n)
        loss = (0.1 + 2.4 * np.exp(-t / (n / 20))) * np.exp(0.1 * rng.normal(size=n))
        loss[n // 2 : n // 2 + 300] += 5.0
        norm = np.exp(rng.normal(size=n))
        norm[n // 2 : n // 2 + 300] *= 50.0
        logs.append((write(table({"step": 3 * t, "train/loss": loss, "gnorm": norm})),))
    same(logs)


OPTIONS = (
    {"percentile": 99.5},
    {"threshold": 0.25},
    {"percentile": 10.0, "tried": ["sweep", "every-step", "clipping"]},
    {"tried": list(ss.advice.EXPERIMENTS)},
)


def test_options(write):
    path = write(examples.csv(examples.EXAMPLES[0].run()))
    same([(path, {}, options) for options in OPTIONS])


def decay(n=120):
    return [round(2.5 * 0.97**i + 0.01 * (i % 7), 6) for i in range(n)]


def tables():
    """Tables that people have, and tables that nobody should have."""
    loss = decay()
    step = list(range(len(loss)))
    every = {"Step": step, "train/loss": loss, "grad_norm": loss[::-1], "lr-Adam": [0.1] * 120}
    plain = table(every)
    for separator in ",;\t|":
        yield table(every, separator)
    yield table(every, ";", ",")
    yield plain.replace("\n", "\r\n")
    yield plain.replace("\n", "\r")
    yield "\n \n\t\n# " + plain
    yield re.sub(r"[^,\n]+", r'"\g<0>"', plain)
    yield table({"val_loss": loss, "loss": loss, "epoch": step})
    yield table({"loss": loss})
    yield table({'run "a" - loss': loss, "run - loss__MIN": loss}).replace("run", '"run"', 1)
    yield table({"loss": loss, "grad_norm/a": loss, "grad_norm/b": loss})
    yield table({"a - loss": loss, "b - loss": loss})
    yield table({"step": step, "val_loss": loss})
    yield table({"a'b": loss, "c\"d'e": loss, "\x1b[31m\u200b": loss, "é\U0001f600": loss})
    yield table({str(i): loss for i in range(15)})
    yield table({"x" * 60: loss, "y": loss})
    yield table({"constructor": step, "__proto__": step, "loss": loss, "toString": loss})
    yield plain.split("\n", 1)[1]
    yield table({"step": [-i for i in step], "loss": loss})
    yield table({"step": [i // 2 for i in step], "loss": loss})
    yield table({"step": [0.5 * i for i in step], "loss": loss})
    yield table({"step": [i**2 for i in step], "loss": loss})
    yield table({"step": [1e300 * i for i in step], "loss": [1e300 * x for x in loss]})
    yield table({"step": ["nan", "inf", "", "x", *step[4:]], "loss": loss})
    yield table({"step": step, "loss": [*loss[:60], *["nan"] * 60]})
    yield table({"step": step, "loss": [*loss[:60], "Infinity", *loss[61:]]})
    yield table({"step": step, "loss": ["nan", *loss[1:]]})
    yield table({"step": step, "loss": loss, "grad_norm": [*loss[:90], "NaN", *loss[91:]]})
    yield table({"step": step, "loss": loss, "grad_norm": ["", "-", "n/a", *loss[3:]]})
    yield table({"loss": ["", "x", "None", *loss[3:]], "grad_norm": ["y", *loss[1:]]})
    yield table({"loss": ["1_0", "+2.", " .5 ", "1e-3", "0x10", "1__0", "1e999", "-inf", *loss]})
    yield table({"step": step, "loss": [0.0] * 120, "grad_norm": [0] * 120})
    yield table({"step": step, "loss": [-x for x in loss], "grad_norm": [-x for x in loss]})
    yield table({"step": step, "loss": [1.0] * 60 + [50.0] + [1.0] * 59})
    yield plain.replace("\n7,", "\n7,,,\n7,")
    yield plain.replace("\n7,", '\n7,"1\n7,').replace("\n9,", '\n9,"a""b",x"y,"z"w,')
    yield plain + "\n\n   \n"
    yield "step,loss\n0,3\n0,3\n1,2\nx\n2,1\n"
    yield "loss\n3\n"
    yield "loss\nx\ny\n"
    yield ""
    yield " \n\n"
    yield ",,,\n"
    yield '"\n'
    yield b"\x1f\x8b123"
    yield b"PK\x03\x04"
    yield b"a\0b"
    yield b"\xff\xfe" + plain.encode("utf-16-le")
    yield b"\xfe\xff" + plain.encode("utf-16-be")
    yield b"\xef\xbb\xbf" + plain.encode()
    yield plain.replace("train/loss", "loss \xe9").encode("latin-1")
    yield "loss\n1\n" + "9" * (1 << 21) + "\n2\n3\n"
    yield "x" * (1 << 21)
    many = [3.0 if i % 200 < 100 else 0.1 for i in range(4000)]
    yield table({"step": range(4000), "loss": many})
    yield '{"step": 0, "loss": 3}\n{"step": 1, "loss": NaN, "a": "NaN, \\" Infinity"}\nx\n[1]\n'
    objects = [{"_step": i, "train": {"loss": x, "grad": {"norm": x}}} for i, x in enumerate(loss)]
    yield "\n".join(map(json.dumps, objects))
    yield "\n".join(json.dumps({"loss": x, "lr": [x]} | {"on": True}) for x in loss)
    yield "\n".join(json.dumps({"loss": -np.inf if x < 1 else x, "grad_norm": None}) for x in loss)
    yield "\n".join(json.dumps({"loss": str(x), "a": {"b": {"c": {"d": {"e": x}}}}}) for x in loss)
    yield '[{"loss": 1},\n{"loss": 2}]'
    yield "\n" + "{}\n" * 3


def test_tables(write):
    same([(write(text),) for text in tables()])


def test_given_columns(write):
    loss = decay()
    columns = {"a": range(0, 240, 2), "b": loss, "c": loss[::-1], "loss": loss, "lr": loss}
    path = write(table(columns))
    same([
        (path, {"loss": "b"}, {}),
        (path, {"loss": "c", "step": "a", "gradient_norm": "b"}, {}),
        (path, {"step": None}, {}),
        (path, {"step": None, "learning_rate": "a"}, {}),
    ])  # fmt: skip


def test_fuzz(write):
    rng = np.random.default_rng(1)
    cells = ["", "1", "2.5", "-3", "1e-3", "nan", "inf", "x", "0,5", '"4"', '"', "null", "1e3 "]
    logs = []
    for _ in range(250):
        separator = ",;\t|"[rng.integers(4)]
        width = int(rng.integers(1, 5))
        names = list(rng.permutation(["step", "loss", "grad_norm", "lr", "epoch"])[:width])
        lines = [separator.join(names)] if rng.random() < 0.9 else []
        for i in range(int(rng.integers(0, 90))):
            row = [
                str(i) if name == "step" and rng.random() < 0.9
                else f"{rng.lognormal(sigma=2):.6g}" if rng.random() < 0.9
                else cells[rng.integers(len(cells))]
                for name in names
            ]  # fmt: skip
            if rng.random() < 0.03:
                row.append("1")
            lines.append(separator.join(row))
        logs.append((write("\n".join(lines)),))
    same(logs)
