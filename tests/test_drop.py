"""The page that diagnoses a log: its scripts say what Python says, and what it is in a browser."""

import json
import re

import numpy as np
import pytest

import stabsim as ss
from book import BOOK
from book.diagnose import examples, page
from book.diagnose.words import CHAPTERS, DROP
from stabsim._settings import LANGUAGES
from stabsim.diagnosis import smoothed
from tests.browser import NARROW, WIDE, visit, watch
from tests.corpus import FOLDER, Case, assert_alike, for_the_page, in_node, in_page, in_python
from tests.tiers import in_short

pytestmark = pytest.mark.long_runs

PARTS = BOOK / "web/parts"


def same(logs):
    """Python and the page's scripts answer alike; a log is a path, given columns, and options."""
    cases = [Case(*log) for log in logs]
    for case, there in zip(cases, in_page(cases), strict=True):
        assert_alike(there, for_the_page(in_python(case)))


def said_of(path, columns, options):
    """The sections that Python makes of a log, or its error, by language."""
    answer = for_the_page(in_python(Case(path, columns, options)))
    return answer.get("said") or answer["error"]


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


def table(columns):
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows), ""])


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
    losses += [1e299 * np.sign(rng.normal(size=200)), np.ones(100)]
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


def test_lines_that_end_between_blocks(write):
    rows = [f"{i:07d},{3 + i % 7:06.3f}\r\n" for i in range(20_000)]  # of 16 bytes
    rows[-1] = "x,y\r\n"
    text = "".join(["step,train/loss\r\n", *rows])
    assert text[(1 << 18) - 1 : (1 << 18) + 1] == "\r\n"
    same([(write(text),)])


def test_lines_too_long_for_a_log(write):
    long = "9" * (1 << 21)
    same([(write(f"loss\n1\n{long}\n2\n3\n"),), (write(long),)])


def decay(n=120):
    return [round(2.5 * 0.97**i + 0.01 * (i % 7), 6) for i in range(n)]


def test_fuzz(write):
    rng = np.random.default_rng(1)
    cells = ["", "1", "2.5", "-3", "1e-3", "nan", "inf", "x", "0,5", '"4"', '"', "null", "1e3 "]
    logs = []
    for _ in range(250):
        separator = ",;|"[rng.integers(3)]
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


SPOILT = ["olmo.txt", "megatron.txt", "nanogpt.txt", "lightning-bars.txt", "keras-bars.txt",
          "transformers-4.txt", "transformers-twice.txt", "fairseq-json.log", "torchtitan.txt",
          "trainer_state.json", "keras-history.json", "appended.csv", "gan.csv", "wandb-runs.csv",
          "counted.jsonl", "yolo-results.csv", "llmc.log", "blanks.txt", "blanks-comment.txt",
          "chainer.txt", "spacy.txt", "darknet.txt", "darknet-5.txt", "opennmt.txt", "marian.txt",
          "xgboost.txt", "xgboost-evals.json", "lightgbm.txt", "catboost.txt", "nan-words.txt",
          "stable-baselines.txt", "nulls.csv"]  # fmt: skip
PIECES = [b"nan", b"inf", b"1e999", b'"', b"\r", b"\n", b"{", b",", b"'", b"loss", b"epoch: 1",
          b"[", b"=", b"|", b"step 3 ", b"  ", b"# ", b"1.#INF", b"'s ", b"[7] ", b"-----\n",
          b"9" * 50, b" - "]  # fmt: skip


def test_fuzz_of_what_trainers_write(write):
    rng = np.random.default_rng(4)
    logs = []
    for _ in range(120):
        text = (FOLDER / "logs" / SPOILT[rng.integers(len(SPOILT))]).read_bytes()
        for _ in range(rng.integers(0, 5)):
            at, cut = int(rng.random() * len(text)), int(rng.integers(0, 20))
            text = text[:at] + PIECES[rng.integers(len(PIECES))] + text[at + cut :]
        logs.append((write(text),))
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


@pytest.mark.parametrize("language", in_short(LANGUAGES, "en"))
def test_a_chosen_log_is_diagnosed_and_nothing_is_sent(address, context, write, language):
    path = write(examples.csv(examples.EXAMPLES[0].run()))
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    open_page(page, address, language)
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    give(page, path)
    assert page.evaluate(SAID) == said_of(path, {}, {})[language]
    assert page.locator(".drop-chart canvas:visible").count() == 3
    for chart in page.locator(".drop-chart").all():
        assert len(chart.get_attribute("aria-label")) > 20
    assert path.name in page.locator(".drop-note").inner_text()
    page.locator("[name=percentile]").fill("50")
    page.wait_for_function(ANSWERED, arg=1)
    page.locator("[value=clipping]").check()
    page.wait_for_function(ANSWERED, arg=2)
    options = {"percentile": 50.0, "tried": ["clipping"]}
    assert page.evaluate(SAID) == said_of(path, {}, options)[language]
    page.locator("[name=learning_rate]").select_option(label=DROP["none"].in_(language))
    page.wait_for_function(ANSWERED, arg=3)
    assert not any("'lr'" in line for _, lines in page.evaluate(SAID) for line in lines)
    assert page.locator(".drop-said > p a").get_attribute("href") in [
        place for _, place in CHAPTERS.values()
    ]
    assert asked == []
    assert not wrong


WRITTEN = """globalThis.written = [];
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
  written.push(text);
  fillText.call(this, text, ...place);
};"""
"""Notes whatever is written in a chart."""


@pytest.mark.parametrize("language", in_short(LANGUAGES, "id"))
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
        assert said == said_of(write(examples.csv(example.run())), {}, {})[language]
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
    assert page.evaluate(SAID) == said_of(path, {}, {})["id"]
    assert page.locator(".drop-chart canvas:visible").count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_that_cannot_be_read_is_explained(address, context, write, language):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    open_page(page, address, language)
    note = page.locator(".drop-note")
    for content in (b"a\0b", b"PK\x03\x04", b"", "step,accuracy\n0,1\n1,2\n"):
        path = write(content)
        give(page, path)
        assert note.inner_text() == said_of(path, {}, {})[language]
        assert not page.locator(".drop-result").is_visible()
    page.locator("[name=loss]").select_option(label="accuracy")
    page.wait_for_function(ANSWERED, arg=4)
    assert page.evaluate(SAID) == said_of(path, {"loss": "accuracy"}, {})[language]
    assert not wrong


def test_a_second_log_supersedes_one_that_is_being_read(address, context, write):
    page = context(viewport=WIDE).new_page()
    open_page(page, address, "en")
    long = write("step,loss\n" + "".join(f"{i},{3 + i % 7}\n" for i in range(1_000_000)))
    page.locator("#drop-file").set_input_files(long)
    path = write(table({"step": range(120), "loss": decay()}))
    give(page, path)
    assert page.evaluate(SAID) == said_of(path, {}, {})["en"]
    page.wait_for_timeout(500)
    assert page.locator(".drop").get_attribute("data-answers") == "1"
    assert path.name in page.locator(".drop-note").inner_text()


def test_logs_chosen_together_are_read_as_a_sweep(address, context, tmp_path):
    """Three rates in the names of the files; beside them a file that is no log."""
    paths = []
    for rate, loss in ((0.1, decay()), (0.2, decay()), (0.4, [1.0, *120 * [float("nan")]])):
        paths.append(tmp_path / f"lr{rate}.csv")
        paths[-1].write_text(table({"step": range(len(loss)), "loss": loss}))
    paths.append(tmp_path / "notes.txt")
    paths[-1].write_text("nothing to read")
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    open_page(page, address, "en")
    page.locator("#drop-file").set_input_files(paths)
    page.wait_for_function(ANSWERED, arg=0)
    heading, lines = page.evaluate(SAID)[0]
    assert heading == "Sweep of the learning rate"
    assert [line.split("; ")[0] for line in lines[:3]] == ["0.1 ★", "0.2", "0.4 ×"]
    assert "Unstable from 0.4 on." in lines
    assert "No log: notes.txt." in page.locator(".drop-note").inner_text()
    assert page.locator("#drop-run option").count() == 3
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_scripts_it_gives_the_command(address, context, language):
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{address}{language}/diagnose.html")
    said = page.locator(".drop").inner_text()
    assert DROP["noscript"].in_(language) in said
    assert f"stabsim diagnose run.csv --language {language}" in said
    assert DROP["choose"].in_(language) not in said


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_book_has_what_the_report_links_to(language):
    for _, place in CHAPTERS.values():
        page, anchor = place.split(".html#")
        assert f"({anchor})=\n" in (BOOK.parent / f"chapters/{language}/{page}.md").read_text()
