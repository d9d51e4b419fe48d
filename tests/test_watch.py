"""A log that grows under the eyes of ``stabsim watch``; nothing here waits for a time."""

import json
import os
import signal
import subprocess
import sys
import time

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


def looks_at(path, *changes, **options):
    """The looks at a log that each of some changes is made to, one after the other."""
    left, now = [*changes], [0.0]

    def sleep(seconds):
        now[0] += seconds
        if left:
            left.pop(0)()

    return list(watch.follow(path, idle=9.0, sleep=sleep, clock=lambda: now[0], **options))


def test_half_a_line_is_left_for_later(tmp_path):
    path = tmp_path / "run.csv"
    rows = "".join(f"{i},{x:.4f}\n" for i, x in enumerate(FALL))
    path.write_text("step,loss\n" + rows + "400,9")

    def whole():
        with path.open("a") as file:
            file.write("e-1\n")

    first, second = looks_at(path, whole)
    assert (first.log.last_step, second.log.last_step) == (399, 400)
    assert second.log.loss.value.read(400, 401)[0] == 0.9


def test_a_log_that_another_replaces_or_that_is_emptied(tmp_path):
    path, other = tmp_path / "run.jsonl", tmp_path / "other.jsonl"
    written(path, np.round(FALL, 2))
    size = path.stat().st_size

    def replace():
        written(other, np.round(shifted()[::-1][:30], 2), start=10)
        with other.open("ab") as file:
            file.write(b" " * (size - other.stat().st_size - 1) + b"\n")
        assert other.stat().st_size == size
        other.replace(path)

    def empty():
        path.write_text("")

    def begin():
        written(path, FALL[:50])

    looks = looks_at(path, replace, empty, begin)
    assert [look.log and look.log.loss.size for look in looks if look.error is None] == [
        400,
        30,
        50,
    ]
    broken = [look for look in looks if look.error is not None]
    assert [look.news for look in broken] == [False]  # by the next look there was a log again
    lasting = looks_at(path, empty)
    assert [look.news for look in lasting] == [True, False, True]
    assert "empty" in lasting[-1].sentence("en")


def test_a_log_that_begins_with_the_null_bytes_of_what_was_there(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(bytes(2_000_000))
    written(path, FALL)
    assert [look.log.loss.size for look in looks_at(path)] == [400]


def test_of_runs_in_one_file_the_last_is_followed(tmp_path):
    path = tmp_path / "run.jsonl"
    written(path, [*FALL[:60], *[np.nan] * 20])
    first, second = looks_at(path, lambda: written(path, FALL[:100]))
    assert first.reading.diagnosis.verdict is Verdict.DIVERGED
    assert second.reading.diagnosis.verdict is Verdict.STABLE
    assert second.news
    assert second.log.loss.size == 100
    (named,) = looks_at(path, run="1")
    assert named.reading.diagnosis.verdict is Verdict.DIVERGED


def test_losses_side_by_side_are_named(tmp_path):
    path = tmp_path / "gan.csv"
    path.write_text("step,loss_G,loss_D\n" + "".join(f"{i},{x},{1 - x}\n"
                                                     for i, x in enumerate(FALL)))  # fmt: skip
    result = run(path, "--idle", "0.02")
    assert result.exit_code == 3
    assert "--run" in result.stderr
    result = run(path, "--idle", "0.02", "--run", "loss_G")
    assert result.exit_code == 0, result.output


def test_a_hook_that_fails_or_hangs_or_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("stabsim.cli.LONGEST_HOOK", 1)
    path = tmp_path / "run.jsonl"
    written(path, shifted())
    for hook, said in (("exit 7", "exit status 7"), ("no-such-command", "exit status 127"),
                       ("cat", "exit status 0"), ("sleep 600 & wait", "was ended")):  # fmt: skip
        result = run(path, "--stop-when", "unstable", "--on-unstable", hook)
        assert result.exit_code == 1
        assert said in result.stderr, hook


def test_an_interrupt_ends_the_hook_too(tmp_path, interruptible):
    path, alive = tmp_path / "run.jsonl", tmp_path / "alive"
    written(path, shifted())
    hook = f"echo $$ > {alive}; mv {alive} {alive}.pid; exec sleep 600"
    watching = subprocess.Popen(
        [sys.executable, "-m", "stabsim", "watch", path, "--stop-when", "unstable",
         "--on-unstable", hook], stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    pid = alive.with_name("alive.pid")
    try:
        while not pid.exists():
            assert watching.poll() is None
            time.sleep(0.05)
        watching.send_signal(signal.SIGINT)
        assert "Interrupted." in watching.communicate()[1]
        assert watching.returncode == 130
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)
    finally:
        watching.kill()
