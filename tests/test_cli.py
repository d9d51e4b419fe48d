"""The command: what it prints, its exit codes, its report, and its errors."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from stabsim.cli import app
from stabsim.logs import diagnose_log, read
from stabsim.logs.advice import advise
from stabsim.logs.experiments import EARLY_FIXES, EXPERIMENTS, MID_FIXES
from stabsim.logs.words import ADVICE

STEPS = 400


@pytest.fixture
def run():
    def run(*arguments, **options):
        return CliRunner().invoke(app, ["diagnose", *map(str, arguments)], **options)

    return run


def made_up(kind, rng):
    """A loss of a known kind, with norms that peak with it and a rate. Synthetic."""
    t = np.arange(STEPS)
    loss = (0.1 + 2.4 * np.exp(-t / 60)) * np.exp(0.1 * rng.normal(size=STEPS))
    norm = np.exp(0.3 * rng.normal(size=STEPS))
    rate = np.full(STEPS, 0.5)
    if kind == "early":
        loss += 40 * np.exp(-np.maximum(t - 3, 0) / 12) * (t >= 3)
    if kind == "early after warmup":
        loss += 40 * np.exp(-np.maximum(t - 3, 0) / 12) * (t >= 3)
        rate = 0.5 * np.minimum((t + 1) / 20, 1)
    if kind == "mid":
        loss += 9.0 * (t >= 200)
        norm[200:] *= 1000
    if kind == "diverged":
        loss[150:] = np.nan
        norm[150:] = np.nan
    return loss, norm, rate


@pytest.fixture
def log(tmp_path, rng):
    def log(kind, every=1):
        loss, norm, rate = made_up(kind, rng)
        rows = zip(every * np.arange(STEPS), loss, norm, rate, strict=True)
        path = tmp_path / f"{kind}.csv"
        lines = [",".join(map(str, map(float, row))) for row in rows]
        path.write_text("step,loss,grad_norm,lr\n" + "\n".join(lines))
        return path

    return log


@pytest.mark.parametrize(
    ("kind", "code", "verdict", "experiment"),
    [
        ("stable", 0, "stable", "sweep"),
        ("early", 1, "early instability with recovery", "warmup"),
        ("early after warmup", 1, "early instability with recovery", "clipping"),
        ("mid", 1, "mid-training instability", "clipping"),
        ("diverged", 1, "diverged", "first-nan"),
    ],
)
def test_verdict_advice_and_exit_code(run, log, kind, code, verdict, experiment):
    done = run(log(kind), "--json")
    assert done.exit_code == code
    facts = json.loads(done.stdout)
    assert (facts["verdict"], facts["experiment"]) == (verdict, experiment)
    assert facts["log"]["columns"] == {
        "loss": "loss", "step": "step", "gradient_norm": "grad_norm", "learning_rate": "lr",
        "validation_loss": None,
    }  # fmt: skip
    for language in ("en", "id"):
        said = run(log(kind), "--language", language).stdout
        assert ADVICE[experiment].in_(language)[:20] in said
        assert ("0,5" in said) == (language == "id" and experiment in ("warmup", "sweep"))


def test_threshold_is_that_of_the_sound_part(run, log):
    norms = read(path := log("mid")).gradient_norm.value.read(0, STEPS)
    facts = json.loads(run(path, "--json").stdout)
    clip, onset = facts["clip"], facts["rises"][0]["onset"]
    assert clip["before"] == onset < 205
    assert clip["threshold"] == pytest.approx(np.percentile(norms[: int(onset)], 90))
    assert clip["clipped_fraction"] == pytest.approx(0.1, abs=0.01)
    assert clip["clipped_of_all"] == pytest.approx(np.mean(norms > clip["threshold"]))
    assert clip["clipped_of_all"] > 0.5
    judged = run(path, "--threshold", 0.1)
    assert "the threshold 0.1 would have clipped 100%" in judged.stdout
    assert "Lower the learning rate" in judged.stdout


def test_norms_that_are_not_finite_count_as_clipped(log):
    found = read(log("diverged"))
    clip = advise(found, diagnose_log(found)).clip
    assert (clip.before, clip.norms) == (150, 150)
    assert clip.clipped_of_all == pytest.approx((250 + 15) / 400, abs=0.01)


@pytest.mark.parametrize(("kind", "order"), [("early", EARLY_FIXES), ("mid", MID_FIXES)])
def test_experiments_come_in_order(log, kind, order):
    found = read(log(kind))
    reading = diagnose_log(found)
    for i in range(len(order)):
        assert advise(found, reading, tried=order[:i]).experiment == order[i]
    assert advise(found, reading, tried=EXPERIMENTS).experiment is None


def test_sparse_logs_are_warned_of(run, log):
    assert "every 100 steps" in run(log("stable", every=100)).stdout
    assert "every 100 steps" not in run(log("stable")).stdout


def test_no_norms(run, tmp_path):
    path = tmp_path / "log"
    path.write_text("loss\n3\n2\n1\n")
    assert "No positive gradient norm was logged" in run(path).stdout


def test_skipped_rows_are_said(run, tmp_path):
    path = tmp_path / "log"
    path.write_text("step,loss\n0,3\n0,3\n1,2\nx\n2,1\n")
    done = run(path)
    assert done.exit_code == 0
    assert "Skipped\n  1 losses come at a step" in done.stdout
    assert "\n  1 rows have more or fewer cells" in done.stdout


def test_report_is_one_page_without_scripts(run, log, tmp_path):
    for language in ("en", "id"):
        html = tmp_path / "report.html"
        done = run(log("mid"), "--html", html, "--language", language)
        page = html.read_text()
        assert done.exit_code == 1
        assert f'<html lang="{language}">' in page
        assert not re.search(r"<script|<link|https?:|@import", page)
        assert len(re.findall(r'<img alt="[^"]{20,}" src="data:image/svg\+xml;base64,', page)) == 3
        assert page.count("<figcaption>") == 3
        for line in done.stdout.splitlines():
            if line.startswith("  ") and "'" not in line:
                assert line.strip() in page


def test_names_in_logs_are_only_names(run, tmp_path):
    path = tmp_path / "log"
    path.write_text("step,loss <script>\n0,3\n1,2\n")
    html = tmp_path / "r.html"
    assert run(path, "--html", html).exit_code == 0
    assert "<script" not in html.read_text()
    assert "&lt;script&gt;" in html.read_text()


def test_wrong_use(run, log, tmp_path):
    for arguments, message in [
        ((), "Missing argument 'LOG'"),
        ((log("stable"), "--percentile", 101), "not in the range 0<=x<=100"),
        ((log("stable"), "--threshold", -1), "not a finite number above 0"),
        ((log("stable"), "--threshold", "x"), "is not a number"),
        ((log("stable"), "--trie", "warmup"), "Did you mean"),
        ((log("stable"), "--tried", "hope"), "'hope' is not one of"),
        ((log("stable"), "--step", "step", "--number-rows"), "exclude each other"),
        ((log("stable"), "--html", tmp_path / "none" / "r.html"), "Cannot write"),
    ]:
        done = run(*arguments)
        assert done.exit_code == 2, arguments
        assert message in done.stderr
        assert done.stdout == ""


def test_unreadable_logs(run, tmp_path):
    done = run(tmp_path / "none.csv")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("Error: Cannot open")
    assert run(tmp_path / "none.csv", "--language", "id").stderr.startswith("Error: Tidak dapat")


def test_help_documents_the_exit_codes(run):
    said = run("--help").stdout
    for code in (0, 1, 2, 3, 130):
        assert re.search(rf"^ +{code}  \w", said, re.MULTILINE)


def test_as_a_program_reading_standard_input():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "stabsim", "diagnose", "-", "--progress"],
        input="loss\n3\n2\n1\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith("Verdict\n  Stable.")
    assert "B/s" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def two_runs(tmp_path, rng):
    """A chart of W&B with a stable run and one that diverged."""
    stable, diverged = (made_up(kind, rng)[0] for kind in ("stable", "diverged"))
    rows = [f"{i},{x},{y}" for i, (x, y) in enumerate(zip(stable, diverged, strict=True))]
    path = tmp_path / "chart.csv"
    path.write_text("\n".join(["Step,calm - train/loss,wild - train/loss", *rows]))
    return path


def test_several_runs_are_listed(run, two_runs):
    done = run(two_runs)
    assert done.exit_code == 1
    assert "calm: 400 records, stable." in done.stdout
    assert "wild: 400 records, diverged." in done.stdout
    assert "--run 'calm'" in done.stdout
    assert "wild: 400 baris, divergen." in run(two_runs, "--language", "id").stdout
    facts = json.loads(run(two_runs, "--json").stdout)
    assert [(one["run"], one["verdict"]) for one in facts["runs"]] == [
        ("calm", "stable"), ("wild", "diverged"),
    ]  # fmt: skip


def test_one_of_several_runs_is_reported_on(run, two_runs):
    assert run(two_runs, "--run", "calm").exit_code == 0
    facts = json.loads(run(two_runs, "--run", "wild", "--json").stdout)
    assert (facts["verdict"], facts["log"]["run"]) == ("diverged", "wild")
    assert run(two_runs, "--run", "other").exit_code == 3
    assert "no run 'other'" in run(two_runs, "--run", "other").stderr


def test_several_losses_are_shown_side_by_side(run, tmp_path):
    path = tmp_path / "gan.csv"
    path.write_text("step,loss_G,loss_D\n" + "".join(f"{i},{3 - i / 50},{1}.{i % 7}\n"
                                                    for i in range(60)))  # fmt: skip
    said = run(path).stdout
    assert "loss_G: 60 records" in said
    assert "loss_D: 60 records" in said
    assert "Two networks are trained against each other" in said


def test_the_axis_is_said(run, tmp_path):
    path = tmp_path / "log"
    path.write_text("epoch,loss,val_loss\n" + "".join(f"{i},{2 - i / 50},2\n" for i in range(60)))
    said = run(path).stdout
    assert "one an epoch" in said
    assert "The validation loss goes from 2 to 2 (60 records)." in said
    path.write_text("loss\n" + "".join(f"{2 - i / 50}\n" for i in range(60)))
    assert "The step is not in this log" in run(path).stdout
    path.write_text("tokens,loss\n" + "".join(f"{1000 * i},{2 - i / 50}\n" for i in range(60)))
    assert "0 to 59000 tokens" in run(path).stdout
