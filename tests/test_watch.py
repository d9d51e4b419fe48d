"""A log that grows under the eyes of ``stabsim watch``; nothing here waits for a time."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from stabsim.cli import app
from stabsim.diagnosis import Verdict, diagnose
from stabsim.logs import watch

FALL = 0.2 + 2.0 * np.exp(-np.arange(400) / 80)


def spiked():
    """A fall that is thrown up at step 200, and is back 20 steps later."""
    loss = FALL.copy()
    loss[200:220] += 3.0
    return loss


def shifted():
    """A fall that is thrown up at step 200 for good."""
    loss = FALL.copy()
    loss[200:] += 3.0
    return loss


def written(path, losses, start=0):
    with path.open("a") as file:
        for step, loss in enumerate(losses, start):
            file.write(json.dumps({"step": step, "loss": loss}) + "\n")


class Writer:
    """Appends a slice of a run whenever the watcher sleeps; its clock counts the sleeps."""

    def __init__(self, path, losses, slice=40):
        self.path, self.parts, self.now = path, np.split(losses, len(losses) // slice), 0.0
        self.start = 0

    def sleep(self, seconds):
        assert seconds >= 5.0
        self.now += seconds
        if self.parts:
            written(self.path, part := self.parts.pop(0), self.start)
            self.start += part.size

    def clock(self):
        return self.now

    def looks(self, **options):
        return list(
            watch.follow(self.path, idle=30.0, sleep=self.sleep, clock=self.clock, **options)
        )


def test_each_change_is_news_once(tmp_path):
    looks = Writer(tmp_path / "run.jsonl", spiked()).looks()
    assert len(looks) == 11  # no file yet, then ten slices
    assert looks[0].error is not None
    verdicts = [look.reading.diagnosis.verdict for look in looks[1:] if look.news]
    assert verdicts[0] is Verdict.STABLE
    assert all(verdict is Verdict.MID_TRAINING for verdict in verdicts[1:])
    assert len(verdicts) <= 3  # stable; a rise begins; it has recovered
    assert looks[-1].reading.diagnosis.rises[-1].recovered_at is not None
    assert not looks[-1].news


def test_the_news_say_what_and_where_in_both_languages(tmp_path):
    looks = Writer(tmp_path / "run.jsonl", shifted()).looks()
    risen = next(look for look in looks[1:] if look.reading.diagnosis.unstable)
    assert risen.news
    assert risen.sentence("en").startswith("Step 239: Mid-training instability.")
    assert risen.sentence("id").startswith("Langkah 239: ")
    assert "200" in risen.sentence("en") or "199" in risen.sentence("en")


def test_a_run_should_end_when_it_has_not_recovered_and_not_before():
    steps = [np.arange(400)]
    for losses, ends in ((FALL, False), (spiked(), False), (shifted(), True)):
        assert watch.failing(diagnose(losses), steps, "unstable") == ends
        assert not watch.failing(diagnose(losses), steps, "diverged")
        assert not watch.failing(diagnose(losses), steps, "never")
    early = diagnose(shifted()[:260])
    assert early.unstable
    assert not watch.failing(early, [np.arange(260)], "unstable")
    broken = diagnose([*FALL, np.nan])
    assert watch.failing(broken, steps, "diverged")
    assert watch.failing(broken, steps, "unstable")
    assert not watch.failing(broken, steps, "never")
    with pytest.raises(ValueError, match="when must be one of"):
        watch.failing(broken, steps, "later")


def run(*arguments):
    return CliRunner().invoke(app, ["watch", *map(str, arguments), "--interval", "0.01"])


def test_command_ends_when_the_log_no_longer_grows(tmp_path):
    for losses, status in ((FALL, 0), (shifted(), 1)):
        path = tmp_path / f"{status}.jsonl"
        written(path, losses)
        result = run(path, "--idle", "0.02")
        assert result.exit_code == status, result.output
        assert result.stdout.startswith("Step 399: ")
        assert result.stdout.count("\n") == 1
    result = run(tmp_path / "none.jsonl", "--idle", "0.02")
    assert result.exit_code == 3
    assert "Nothing to judge yet" in result.stderr


def test_command_stops_and_runs_the_hook_once(tmp_path):
    path, out = tmp_path / "run.jsonl", tmp_path / "out"
    written(path, shifted())
    hook = f'echo "$STABSIM_STEP $STABSIM_VERDICT" >> {out}'
    result = run(path, "--stop-when", "unstable", "--on-unstable", hook)
    assert result.exit_code == 1
    assert out.read_text() == "399 mid-training instability\n"
    assert "The run should end here" in result.stdout
    assert "exit status 0" in result.stderr


def test_a_real_process_is_stopped_by_its_watcher(tmp_path):
    """A loop that would write for ever is ended by the hook, and the watcher says so."""
    path, script = tmp_path / "run.jsonl", tmp_path / "train.py"
    script.write_text(
        "import json, itertools\n"
        f"with open({str(path)!r}, 'w', buffering=1) as file:\n"
        "    for step in itertools.count():\n"
        "        loss = 1 / (1 + step) if step < 300 else float('nan')\n"
        "        if step < 400:\n"
        "            file.write(json.dumps({'step': step, 'loss': loss}) + '\\n')\n"
    )
    training = subprocess.Popen([sys.executable, script])
    try:
        result = run(path, "--stop-when", "diverged", "--on-unstable", f"kill {training.pid}")
        assert result.exit_code == 1
        assert training.wait() != 0
    finally:
        training.kill()
