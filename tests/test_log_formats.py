"""Logs that are no text: databases, W&B's and SwanLab's files, folders; and several runs."""

import itertools
import json
import re
import sqlite3
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboardX import SummaryWriter

from stabsim.logs import LogError, diagnose_log, read
from stabsim.logs.log import MOST_RUNS
from stabsim.logs.reader import runs
from tests.corpus import FOLDER
from tests.test_logs import edited, edits, report_or_reason

STEPS = 60
LARGEST = 1.7976931348623157e308
LOSS = [round(2.4 * 0.95**i + 0.01 * (i % 3), 4) for i in range(STEPS)]
NORM = [1 + i % 3 for i in range(STEPS)]


def values(series):
    return series.value.read(0, series.size).tolist()


# --- databases ---


def mlflow(path, loss=LOSS, names=("first",)):
    """The two tables of MLflow 3.17 that count, and one that does not."""
    with sqlite3.connect(path) as base:
        base.executescript("""
            CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250));
            CREATE TABLE latest_metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT,
                step BIGINT, is_nan BOOLEAN, run_uuid VARCHAR(32));
            CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL,
                timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
                step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL);
        """)
        for run in names:
            base.execute("INSERT INTO runs VALUES (?, ?)", (f"id of {run}", run))
            for i, (x, norm) in enumerate(zip(loss, NORM, strict=True)):
                for key, value in (("loss", x), ("grad_norm", norm)):
                    stored = 0.0 if np.isnan(value) else np.clip(value, -LARGEST, LARGEST)
                    row = (key, float(stored), 10**12 + i, f"id of {run}", i, bool(np.isnan(value)))
                    base.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", row)
    base.close()
    return path


def trackio(path, names=("first",)):
    """The table of Trackio 0.43."""
    with sqlite3.connect(path) as base:
        base.execute("""CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT,
                        timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)""")
        for run in names:
            for i, (x, norm) in enumerate(zip(LOSS, NORM, strict=True)):
                numbers = json.dumps({"train/loss": x, "train/grad_norm": norm})
                row = (f"id of {run}", f"2026-01-01T00:00:{i:02d}", run, i, numbers)
                base.execute("INSERT INTO metrics VALUES (NULL, ?, ?, ?, ?, ?)", row)
    base.close()
    return path


@pytest.mark.parametrize("write", [mlflow, trackio])
def test_databases(write, tmp_path):
    log = read(write(tmp_path / "a.db"))
    assert (values(log.loss), values(log.gradient_norm)) == (LOSS, NORM)
    assert log.last_step == STEPS - 1
    found = runs(write(tmp_path / "b.db", names=("first", "second")))
    assert [log.run for log in found] == ["first", "second"]
    assert all(values(log.loss) == LOSS for log in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "b.db"]  # nothing beside


def test_mlflow_hides_what_is_not_finite(tmp_path):
    loss = [*LOSS[:20], np.nan, np.inf, -np.inf, *LOSS[23:]]
    np.testing.assert_array_equal(values(read(mlflow(tmp_path / "a.db", loss)).loss), loss)


def test_databases_of_other_things(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as base:
        base.execute("CREATE TABLE t (a, b)")
    base.close()
    with pytest.raises(LogError, match="no table of numbers by name and step"):
        read(tmp_path / "a.db")
    (tmp_path / "b.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 3000)
    with pytest.raises(LogError, match="SQLite cannot read"):
        read(tmp_path / "b.db")


# --- W&B and SwanLab: LevelDB's framing around protocol buffers ---


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def field(number, data):
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def framed(mark, records):
    out = mark + b"\xe1\xbe\x00"
    for data in records:
        first = True
        while True:
            left = 32768 - len(out) % 32768
            if left < 7:
                out, left = out + b"\0" * left, 32768
            part, data = data[: left - 7], data[left - 7 :]
            kind = (1 if first else 4) if not data else (2 if first else 3)
            checksum = zlib.crc32(part, zlib.crc32(bytes([kind])))
            out += struct.pack("<IHB", checksum, len(part), kind) + part
            first = False
            if not data:
                break
    return out


def wandb_bytes(nested=False, extra=b""):
    def item(name, value):
        key = field(2, b"train") + field(2, name.encode()) if nested else field(1, name.encode())
        return field(1, key + field(16, json.dumps(value).encode()))

    rows = [
        item("loss", x) + item("grad_norm", norm) + item("_step", i)
        for i, (x, norm) in enumerate(zip(LOSS, NORM, strict=True))
    ]  # fmt: skip
    config = field(5, field(1, field(1, b"lr") + field(16, b"0.1")))
    return framed(b":W&B", [config, extra, *(field(1, i) + field(2, row)
                                             for i, row in enumerate(rows))])  # fmt: skip


def swanlab_bytes():
    rows = [
        field(13, field(1, name) + (field(2, i) if i else b"")
              + field(5, b"\x09" + struct.pack("<d", x)))
        for i in range(STEPS)
        for name, x in ((b"train/loss", LOSS[i]), (b"train/grad_norm", NORM[i]))
    ]  # fmt: skip
    return framed(b":SWL", rows)


@pytest.mark.parametrize(
    "content",
    [wandb_bytes(), wandb_bytes(nested=True), wandb_bytes(extra=b"\x1a" * 70_000), swanlab_bytes()],
)
def test_offline_runs(content, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(content)
    log = read(path)
    assert (values(log.loss), values(log.gradient_norm)) == (LOSS, NORM)
    path.write_bytes(content[:-5])
    cut = read(path)
    assert cut.loss.size >= STEPS - 1
    assert [note.reason for note in cut.notes] == ["truncated"]


# --- folders ---


def test_dvclive_and_mlflow_keep_a_file_for_each_number(tmp_path):
    dvclive, mlruns = tmp_path / "live/plots/metrics/train", tmp_path / "mlruns/0/abc/metrics"
    for folder in (dvclive, mlruns):
        folder.mkdir(parents=True)
    (mlruns.parent / "meta.yaml").write_text("")
    for name, series in (("loss", LOSS), ("grad_norm", NORM)):
        rows = [f"{i}\t{x}" for i, x in enumerate(series)]
        (dvclive / f"{name}.tsv").write_text("\n".join([f"step\t{name}", *rows]))
        lines = [f"{10**12 + i} {x} {i}" for i, x in enumerate(series)]
        (mlruns / name).write_text("\n".join(lines))
    found = runs(tmp_path)
    assert [log.run for log in found] == ["live", "mlruns/0/abc"]
    assert all((values(log.loss), values(log.gradient_norm)) == (LOSS, NORM) for log in found)


def test_a_folder_of_logs(tmp_path):
    for name, factor in (("a.csv", 1), ("sub/b.jsonl", 2)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(json.dumps({"step": i, "loss": factor * x})
                                  for i, x in enumerate(LOSS)))  # fmt: skip
    (tmp_path / "config.json").write_text('{"lr": 0.1}')
    found = runs(tmp_path)
    assert [log.run for log in found] == ["a.csv", "sub/b.jsonl"]
    with pytest.raises(LogError, match=r"several runs: 'a.csv', 'sub/b.jsonl'.*--run 'a.csv'"):
        read(tmp_path)
    assert values(read(tmp_path, run="sub/b.jsonl").loss)[0] == 2 * LOSS[0]
    with pytest.raises(LogError, match="no run 'c'"):
        read(tmp_path, run="c")


def test_folders_of_add_scalars_are_runs(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for i, x in enumerate(LOSS):
            writer.add_scalars("loss", {"one": x, "two": 2 * x}, i)
    names = [log.run for log in runs(tmp_path)]
    assert len(names) == 2
    assert all("loss" in name for name in names)


def test_a_session_of_tensorboard_gives_up_what_lies_after_its_start(tmp_path):
    with SummaryWriter(str(tmp_path), filename_suffix=".0") as writer:
        for i, x in enumerate(LOSS):
            writer.add_scalar("train/loss", x if i < 40 else np.nan, i)
    from tests.test_logs import record

    (first,) = tmp_path.iterdir()
    start = record(field(2, 30) + field(7, b"\x08\x01"))
    (tmp_path / (first.name + "9")).write_bytes(start)
    log = read(tmp_path)
    assert log.loss.size == 30
    assert log.resumed == [30.0]
    assert [(note.reason, note.count) for note in log.notes] == [("resumed", 30)]


# --- several runs in a file ---


def test_a_bad_cell_of_one_loss_leaves_the_others_as_they_are(tmp_path):
    rows = [f"{step},{3 - step / 10},{1 + step / 10}" for step in range(12)]
    rows[8] = "8,2.2,1.8x"
    (tmp_path / "gan.csv").write_text("\n".join(["step,loss_G,loss_D", *rows]))
    found = runs(tmp_path / "gan.csv")
    assert {log.run: log.loss.size for log in found} == {"loss_G": 12, "loss_D": 11}


def test_runs_that_were_appended(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n" + "".join(f"{i},{x}\n" for _ in range(3)
                                            for i, x in enumerate(LOSS)))  # fmt: skip
    found = runs(path)
    assert [log.run for log in found] == ["1", "2", "3"]
    assert all(values(log.loss) == LOSS for log in found)
    path.write_text("step,loss\n" + "0,1\n1,1\n" * (MOST_RUNS + 50))
    assert len(runs(path)) == MOST_RUNS + 1


def test_a_resumed_run_keeps_what_came_later(tmp_path):
    path = tmp_path / "log.csv"
    rows = [*((i, x) for i, x in enumerate(LOSS[:40])), *((i, 2 * LOSS[i]) for i in range(30, 60))]
    path.write_text("step,loss\n" + "".join(f"{i},{x}\n" for i, x in rows))
    log = read(path)
    assert values(log.loss) == [*LOSS[:30], *(2 * x for x in LOSS[30:])]
    assert log.resumed == [30.0]


# --- columns are chosen by what stands in them ---


def test_a_counter_of_calls_and_a_constant_are_no_steps(tmp_path):
    path = tmp_path / "log.jsonl"
    rows = [{"_step": i, "train/global_step": 10 * i, "total_steps": 600, "train/loss": x}
            for i, x in enumerate(LOSS)]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, [*rows, {"_step": 60, "train/train_loss": 1.0}])))
    log = read(path)
    assert (log.columns.step, log.columns.loss) == ("train/global_step", "train/loss")
    for row in rows:
        row["current_steps"] = row.pop("train/global_step")
    path.write_text("\n".join(map(json.dumps, rows)))
    assert read(path).columns.step == "current_steps"


def test_sums_and_rewards_are_known(tmp_path):
    def written(rows):
        (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
        return read(tmp_path / "log.jsonl")

    losses = [{"tok2vec": 0.0, "ner": x} for x in LOSS]
    log = written({"step": i, "losses": x, "score": 1} for i, x in enumerate(losses))
    assert (log.columns.loss, log.objective) == ("losses/ner", "sum")
    rewarded = ({"step": i, "loss": 0.0, "reward": i, "reward_std": 1, "kl": x}
                for i, x in enumerate(LOSS))  # fmt: skip
    log = written(rewarded)
    assert (log.objective, values(log.kl), log.reward.size) == ("rl", LOSS, STEPS)


# --- one run in three shapes ---


def test_a_document_a_log_and_a_console_give_the_same_series(tmp_path):
    rows = [{"loss": x, "grad_norm": float(n), "step": 10 * i}
            for i, (x, n) in enumerate(zip(LOSS, NORM, strict=True))]  # fmt: skip
    shapes = {
        "state.json": json.dumps({"global_step": 600, "log_history": rows}, indent=2),
        "list.json": json.dumps(rows),
        "columns.json": json.dumps({name: [row[name] for row in rows] for name in rows[0]}),
        "log.jsonl": "\n".join(map(json.dumps, rows)),
        "python.txt": "\n".join(map(str, rows)),
        "strings.txt": "\n".join(str({k: str(v) for k, v in row.items()}) for row in rows),
        "pairs.txt": "\n".join(
            f"step {row['step']}: loss = {row['loss']}, grad norm = {row['grad_norm']}"
            for row in rows
        ),
        "log.csv": "\n".join(["loss,grad_norm,step",
                              *(",".join(map(str, row.values())) for row in rows)]),
    }  # fmt: skip
    for name, written in shapes.items():
        path = tmp_path / name
        path.write_text(written)
        log = read(path)
        assert (values(log.loss), values(log.gradient_norm)) == (LOSS, NORM), name
        assert log.loss.step.read(0, 99).tolist() == [10.0 * i for i in range(STEPS)], name


# --- whatever is read, there is a report or a reason ---

VALID = {
    "wandb": wandb_bytes(),
    "swanlab": swanlab_bytes(),
    **{name: (FOLDER / "logs" / name).read_bytes() for name in (
        "trainer_state.json", "keras-history.json", "olmo.txt", "megatron.txt", "nanogpt.txt",
        "lightning-bars.txt", "keras-bars.txt", "transformers-4.txt", "fairseq-json.log",
        "wandb-runs.csv", "appended.csv", "gan.csv",
    )},
}  # fmt: skip


@pytest.mark.parametrize("examples", [50, pytest.param(150, marks=pytest.mark.long)])
def test_spoiled(tmp_path, examples):
    path = tmp_path / "spoiled format"

    @settings(max_examples=examples, deadline=None)
    @given(st.sampled_from(sorted(VALID)), edits)
    def run(name, changes):
        path.write_bytes(edited(VALID[name], changes))
        report_or_reason(path)

    run()


@settings(max_examples=40, deadline=None)
@given(edits)
def test_spoiled_databases(tmp_path_factory, changes):
    base = tmp_path_factory.getbasetemp()
    valid = base / "valid.db"
    if not valid.exists():
        mlflow(valid)
    path = base / "spoiled.db"
    path.write_bytes(edited(valid.read_bytes(), changes))
    report_or_reason(path, kind="sqlite")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=100))
def test_any_record(tmp_path_factory, one, two):
    """Records whose checksums are right and whose content is anything."""
    path = tmp_path_factory.getbasetemp() / "any.wandb"
    for mark in (b":W&B", b":SWL"):
        path.write_bytes(framed(mark, [one, field(2, two), field(13, two)]) + one)
        report_or_reason(path)


@pytest.mark.long
def test_lines_of_a_console_take_constant_memory(tmp_path):
    peaks = []
    for n in (20_000, 40_000):
        path = tmp_path / "log.txt"
        path.write_text("".join(f"iter {i}: loss {2 + i % 7 / 10:.2f}, time 12.1ms, mfu 1.0%\n"
                                for i in range(n)))  # fmt: skip
        tracemalloc.start()
        log = read(path)
        diagnose_log(log)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert log.loss.size == n
    assert peaks[1] < 1.3 * peaks[0]


def texts():
    """Lines of consoles: those of the corpus, and some whose commas and names hold digits."""
    logs = (path.read_text() for path in sorted(FOLDER.glob("logs/*")) if path.suffix in CONSOLES)
    lines = {re.sub("[0-9]+", "0", line): line for log in logs for line in log.splitlines()}
    return [*lines.values(), "step 5,600 loss1 2.5", "step 5,60 loss 2.5", "loss 1,234,5 x2y 3",
            "LR (group 0)=1 loss=2 (5,6)", "[7] loss2: 1,000", "x 1.5.3 loss: 7"]  # fmt: skip


CONSOLES = (".txt", ".log")


@given(st.sampled_from(texts()), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
@settings(max_examples=300, deadline=None)
def test_lines_of_one_form_are_read_as_if_alone(line, digits):
    """A form that lines before had gives what is read number by number."""
    from stabsim.logs.text import Forms

    forms, given_digits = Forms(), itertools.cycle(map(str, digits))
    some = [line, line, *(re.sub("[0-9]+", lambda _: next(given_digits), line) for _ in range(4))]
    for one in [*some, line]:
        assert forms.read(one) == Forms().read(one), one


def test_a_long_line_is_no_trap():
    """Words without a number, which the pattern of pairs must give up at once."""
    from stabsim.logs.text import Console

    console = Console()
    for line in ("a" * 20_000, "a b " * 5_000, "a: " * 6_000, "loss " * 4_000, "=1" * 9_000,
                 "Epoch 1 " * 2_500, "'" * 20_000, "a" + " " * 19_999, "1/1 " * 5_000,
                 "|" * 20_000):  # fmt: skip
        console.take(0, line)
