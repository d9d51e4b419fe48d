"""The page that diagnoses a log: its scripts say what Python says, and what it is in a browser."""

import json
import re
import subprocess

import numpy as np
import pytest

import stabsim as ss
from book import BOOK
from book.assets import NODE
from book.diagnose import examples, page
from book.diagnose.words import DROP, DROP_INSTEAD
from stabsim._settings import LANGUAGES
from stabsim.diagnosis import smoothed
from stabsim.logs import Columns, LogError, diagnose_log, read
from stabsim.logs.advice import advise
from stabsim.logs.experiments import EXPERIMENTS
from stabsim.logs.report import Report
from stabsim.logs.words import LOGS, UNREADABLE
from tests.browser import NARROW, WIDE, visit, watch

pytestmark = pytest.mark.long_runs

PARTS = BOOK / "web/parts"

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


def in_node(script, given):
    """What a script, which reads ``given``, prints as JSON."""
    done = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-e", script], input=json.dumps(given),
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_page(logs):
    """What the page says of each of some logs, (path, given columns, options), by language."""
    given = {
        "words": {language: page.words(language) for language in LANGUAGES},
        "logs": [
            {"path": str(path), "given": columns, "options": DEFAULTS | options}
            for path, columns, options in logs
        ],
    }
    return in_node(SCRIPT, given)


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


def test_real_runs(write, real_runs):
    logs, verdicts = [], set()
    for rate in real_runs.learning_rate.values:
        for seed in range(2):
            run = real_runs.sel(learning_rate=rate, seed=seed)
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


def test_the_smoothed_loss_and_its_noise(rng):
    losses = [rng.lognormal(sigma=s, size=n) for s in (0.1, 2.0) for n in (1, 4, 7, 56, 90, 3000)]
    losses += [1e308 * np.sign(rng.normal(size=200)), np.ones(100)]
    script = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ diagnose, noiseBefore }} from "{PARTS}/diagnosis.mjs";
        const {{ losses, rules }} = JSON.parse(readFileSync(0));
        console.log(JSON.stringify(losses.map((loss) =>
          [diagnose(loss, rules).smooth, noiseBefore(loss, rules)].map((x) => Array.from(x)))));
    """
    given = {"losses": [loss.tolist() for loss in losses], "rules": page.words("en")["rules"]}
    for loss, (smooth, noise) in zip(losses, in_node(script, given), strict=True):
        here = smoothed(np.arange(loss.size), loss)
        np.testing.assert_array_equal(smooth, here.smooth)
        if np.abs(loss).max() < 1e300:  # beyond, all that matters is that no rise exceeds it
            np.testing.assert_allclose(np.array(noise, float), here.noise, rtol=1e-12)


def test_long_logs(write, rng):
    """Beyond the length from which Python keeps only some of the records."""
    logs = []
    for n in (30_000, 60_000):
        t = np.arange(n)
        loss = (0.1 + 2.4 * np.exp(-t / (n / 20))) * np.exp(0.1 * rng.normal(size=n))
        loss[n // 2 : n // 2 + 300] += 5.0
        norm = np.exp(rng.normal(size=n))
        norm[n // 2 : n // 2 + 300] *= 50.0
        columns = {"step": 3 * t, "train/loss \N{GREEK SMALL LETTER ETA}": loss, "gnorm": norm}
        text = table(columns)
        logs.append((write(text),))
    logs.append((write(text.replace("\n", "\r\n"), "utf-16"),))
    records = zip(*columns.values(), strict=True)
    objects = [dict(zip(columns, map(float, record), strict=True)) for record in records]
    logs.append((write("\n".join(json.dumps(one, ensure_ascii=False) for one in objects)),))
    same(logs)


OPTIONS = (
    {"percentile": 99.5},
    {"threshold": 0.25},
    {"percentile": 10.0, "tried": ["sweep", "every-step", "clipping"]},
    {"tried": list(EXPERIMENTS)},
)


def test_options(write):
    path = write(examples.csv(examples.EXAMPLES[0].run()))
    same([(path, {}, options) for options in OPTIONS])


def test_lines_that_end_between_blocks(write):
    rows = [f"{i:07d},{3 + i % 7:06.3f}\r\n" for i in range(20_000)]  # of 16 bytes
    rows[-1] = "x,y\r\n"
    text = "".join(["step,train/loss\r\n", *rows])
    assert text[(1 << 18) - 1 : (1 << 18) + 1] == "\r\n"
    same([(write(text),)])


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
    rising = [x + 4 * (15 <= i < 40) for i, x in enumerate(0.9 ** np.arange(120))]
    yield table({"step": [i**2 for i in step], "loss": rising})  # early, but only by the step
    yield table({"step": [10 * i for i in step], "loss": rising})  # not early
    yield table({"step": step, "loss": loss[::-1], "training_loss": rising})
    for start in (0.4, 0.6):
        yield table({"loss": loss, "lr": [min(start + 0.1 * i, 1.0) for i in step]})
    yield table({"step": [i**2 for i in step], "loss": loss})
    yield table({"step": [1e300 * i for i in step], "loss": [1e300 * x for x in loss]})
    yield table({"step": ["nan", "inf", "", "x", *step[4:]], "loss": loss})
    yield table({"step": step, "loss": [*loss[:60], *["nan"] * 60]})
    yield table({"step": step, "loss": [*loss[:60], "Infinity", *loss[61:]]})
    yield table({"step": step, "loss": ["nan", *loss[1:]]})
    yield table({"step": step, "loss": loss, "grad_norm": [*loss[:90], "NaN", *loss[91:]]})
    yield table({"step": step, "loss": loss, "grad_norm": ["", "-", "n/a", *loss[3:]]})
    yield table({"loss": ["", "x", "None", *loss[3:]], "grad_norm": ["y", *loss[1:]]})
    yield table(
        {"loss": ["1_0", "+2.", " .5 ", "1e-3", "0x10", "1__0", "1e999", "-inf", "١٢", *loss]}
    )
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


# --- in a browser ---

ANSWERED = "(n) => document.querySelector('.drop').dataset.answers > n"
SAID = """() => [...document.querySelectorAll(".drop-said section")].map((part) =>
  [part.querySelector("h2").innerText, [...part.querySelectorAll("p")].map((p) => p.innerText)])"""


def open_page(page, address, language):
    visit(page, f"{address}{language}/diagnose.html")
    page.locator("section.drop[data-ready]").wait_for()


def give(page, path):
    """Choose a log, and wait for what is said of it."""
    before = int(page.locator(".drop").get_attribute("data-answers") or 0)
    page.locator("#drop-file").set_input_files(path)
    page.wait_for_function(ANSWERED, arg=before)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chosen_log_is_diagnosed_and_nothing_is_sent(address, context, write, language):
    path = write(examples.csv(examples.EXAMPLES[0].run()))
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    open_page(page, address, language)
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    give(page, path)
    assert page.evaluate(SAID) == in_python(path, {}, {})[language]
    assert page.locator(".drop-chart canvas:visible").count() == 3
    for chart in page.locator(".drop-chart").all():
        assert len(chart.get_attribute("aria-label")) > 20
    assert path.name in page.locator(".drop-note").inner_text()
    page.locator("[name=percentile]").fill("50")
    page.wait_for_function(ANSWERED, arg=1)
    page.locator("[value=clipping]").check()
    page.wait_for_function(ANSWERED, arg=2)
    options = {"percentile": 50.0, "tried": ["clipping"]}
    assert page.evaluate(SAID) == in_python(path, {}, options)[language]
    page.locator("[name=learning_rate]").select_option(label=DROP["none"].in_(language))
    page.wait_for_function(ANSWERED, arg=3)
    assert not any("'lr'" in line for _, lines in page.evaluate(SAID) for line in lines)
    assert asked == []
    assert not wrong


WRITTEN = """globalThis.written = [];
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
  written.push(text);
  fillText.call(this, text, ...place);
};"""
"""Notes whatever is written in a chart."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_are_the_runs_that_they_are_said_to_be(address, context, write, language):
    page = context(viewport=NARROW).new_page()
    page.add_init_script(WRITTEN)
    wrong = watch(page, address)
    open_page(page, address, language)
    for place, example in enumerate(examples.EXAMPLES):
        page.get_by_role("button", name=example.label.in_(language)).click()
        page.wait_for_function(ANSWERED, arg=place)
        assert example.about(language) in page.locator(".drop-note").inner_text()
        said = page.evaluate(SAID)
        assert said == in_python(write(examples.csv(example.run())), {}, {})[language]
    assert page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]
    written = " ".join(page.evaluate("() => written"))
    signs = set(re.findall(r"\d([.,])\d", written))
    assert signs == {"," if language == "id" else "."}
    assert not wrong


DROP_FILE = """([name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  for (const kind of ["dragover", "drop"]) {
    document.querySelector("h1").dispatchEvent(
      new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""


def test_a_log_is_dropped_without_a_network(address, context, write):
    window = context(viewport=WIDE)
    page = window.new_page()
    open_page(page, address, "id")
    window.set_offline(True)
    path = write(table({"loss": decay()}))
    page.evaluate(DROP_FILE, ["own.csv", path.read_text()])
    page.wait_for_function(ANSWERED, arg=0)
    assert page.evaluate(SAID) == in_python(path, {}, {})["id"]
    assert page.locator(".drop-chart canvas:visible").count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_cannot_be_read_is_explained(address, context, write, language):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    open_page(page, address, language)
    note = page.locator(".drop-note")
    for content in (b"a\0b", b"PK\x03\x04", b"", "step,val_loss\n0,1\n1,2\n"):
        path = write(content)
        give(page, path)
        assert note.inner_text() == in_python(path, {}, {})[language]
        assert not page.locator(".drop-result").is_visible()
    page.locator("[name=loss]").select_option(label="val_loss")
    page.wait_for_function(ANSWERED, arg=4)
    assert page.evaluate(SAID) == in_python(path, {"loss": "val_loss"}, {})[language]
    assert not wrong


def test_a_second_log_supersedes_one_that_is_being_read(address, context, write):
    page = context(viewport=WIDE).new_page()
    open_page(page, address, "en")
    long = write("step,loss\n" + "".join(f"{i},{3 + i % 7}\n" for i in range(1_000_000)))
    page.locator("#drop-file").set_input_files(long)
    path = write(table({"step": range(120), "loss": decay()}))
    give(page, path)
    assert page.evaluate(SAID) == in_python(path, {}, {})["en"]
    page.wait_for_timeout(500)
    assert page.locator(".drop").get_attribute("data-answers") == "1"
    assert path.name in page.locator(".drop-note").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_scripts_it_gives_the_command(address, context, language):
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{address}{language}/diagnose.html")
    said = page.locator(".drop").inner_text()
    assert DROP["noscript"].in_(language) in said
    assert f"stabsim diagnose run.csv --language {language}" in said
    assert DROP["choose"].in_(language) not in said
