"""Logs of other programs: each format, what is skipped, the verdict, and hostile files."""

import json
import struct
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tensorboardX import SummaryWriter

import stabsim as ss
from benchmarks import verdicts
from stabsim.diagnosis import Verdict
from stabsim.logs import Columns, LogError, diagnose_log, events, read, verdict
from stabsim.logs.advice import advise
from stabsim.logs.columns import choose
from stabsim.logs.report import Report
from stabsim.logs.spool import Spool

CASES = [
    case
    for case in verdicts.CASES
    if case.expected is not Verdict.MID_TRAINING and "learned scales" not in case.what
    and "minibatches of 8" not in case.what and "Adam" not in case.what
]  # fmt: skip
"""Those that take few steps; the benchmark has them all."""

SEEDS = (1000, 1001)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Real runs in PyTorch, one list a case of the benchmark."""
    path = tmp_path_factory.mktemp("torch") / "run.jsonl"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # products this small only wait for each other
    trained = {case: [verdicts.train(case, seed, path) for seed in SEEDS] for case in CASES}
    torch.set_num_threads(threads)
    return trained


@pytest.fixture(scope="module")
def traces(logs):
    """Their losses and gradient norms, from stable to diverged."""
    return [
        tuple(s.value.read(0, s.size).astype(np.float32) for s in (log.loss, log.gradient_norm))
        for some in logs.values() for log in some
    ]  # fmt: skip


def test_real_failures_in_pytorch_get_their_verdicts(logs):
    for case, some in logs.items():
        assert [diagnose_log(log).diagnosis.verdict for log in some] == [case.expected] * 2
        assert all(log.loss.size == case.steps and log.notes == [] for log in some)


def write_csv(path, loss, norm):
    pairs = enumerate(zip(map(float, loss), map(float, norm), strict=True))
    rows = [f"{i},{x!r},{g!r},0.1" for i, (x, g) in pairs]
    path.write_text("\n".join(["step,train_loss,grad_norm,lr", *rows, ""]))
    return path


def write_jsonl(path, loss, norm):
    lines = [
        json.dumps({"_step": i, "train": {"loss": float(x)}, "train/grad_norm": float(g)})
        for i, (x, g) in enumerate(zip(loss, norm, strict=True))
    ]
    path.write_text("\n".join(lines))
    return path


def write_events(folder, loss, norm):
    with SummaryWriter(str(folder)) as writer:
        writer.add_histogram("weights", np.arange(2000.0), 0)
        for i, (x, g) in enumerate(zip(loss, norm, strict=True)):
            writer.add_scalar("train/loss", x, i)
            writer.add_scalar("train/grad_norm", g, i)
            writer.add_scalar("val/loss", 0.5, i)
    return folder


WRITERS = [write_csv, write_jsonl, write_events]


@pytest.mark.parametrize("write", WRITERS, ids=["csv", "jsonl", "tensorboard"])
def test_each_format_gives_the_diagnosis_of_the_trace(write, traces, tmp_path):
    kinds = set()
    for i, (loss, norm) in enumerate(traces[::2]):
        log = read(write(tmp_path / str(i), loss, norm))
        assert log.notes == []
        expected = ss.diagnose(loss, gradient_norm=norm)
        found = diagnose_log(log).diagnosis
        np.testing.assert_equal(found._asdict(), expected._asdict())
        kinds.add(found.verdict)
    assert len(kinds) >= 4


@pytest.mark.parametrize("stretches", [80, 40, 20])
def test_thinned_logs_get_the_verdicts_of_whole_ones(stretches, traces, tmp_path, monkeypatch):
    monkeypatch.setattr(verdict, "STRETCHES", stretches)
    monkeypatch.setattr(verdict, "KEPT", 5 * stretches - 1)
    monkeypatch.setattr(verdict, "BLOCK", 64)
    seen = []
    for loss, norm in traces:
        reading = diagnose_log(read(write_csv(tmp_path / "log.csv", loss, norm)))
        expected = ss.diagnose(loss, gradient_norm=norm)
        assert reading.diagnosis.verdict is expected.verdict
        assert reading.diagnosis.final_loss == pytest.approx(expected.final_loss, nan_ok=True)
        if reading.diagnosis.rises:
            np.testing.assert_equal(reading.diagnosis.rises[0], expected.rises[0])
        seen.append(reading.curve.record.size < 400)
    assert any(seen)


@given(
    st.lists(st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf, 0.0, -0.0]), max_size=80),
    st.sampled_from([0.0, 1.0, 50.0, 90.0, 99.5, 100.0]),
)
def test_percentile_without_sorting(values, q):
    spool = Spool()
    for part in np.array_split(np.array(values), 3):
        spool.append(part)
    finite = np.array(values)[np.isfinite(values)]
    if finite.size == 0:
        with pytest.raises(ValueError, match="no finite number"):
            spool.percentile(q)
    else:
        with np.errstate(over="ignore"):
            expected = np.percentile(finite, q)
        assert spool.percentile(q) == pytest.approx(expected, rel=1e-12)


def test_memory_does_not_grow_with_the_log(tmp_path):
    peaks = []
    for n in (80_000, 160_000):
        noise = np.random.default_rng(0).random(n)
        path = write_csv(tmp_path / "log.csv", 2 + noise, noise)
        tracemalloc.start()
        log = read(path)
        diagnose_log(log)
        log.gradient_norm.value.percentile(90.0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert log.loss.size == n
    assert peaks[1] < 1.3 * peaks[0]


# --- the tables that people have ---


def text(path, written, encoding="utf-8"):
    path.write_bytes(written.encode(encoding))
    return path


DECAY = [2.0, 1.5, 1.2, 1.0, 0.9, 0.8]
EXPORTS = {
    "W&B chart": (
        '"Step","swift-sun-3 - train/loss","swift-sun-3 - train/loss__MIN",'
        '"swift-sun-3 - train/loss__MAX"\n'
        + "".join(f'"{10 * i}","{x}","{x}","{x}"\n' for i, x in enumerate(DECAY)),
        ("swift-sun-3 - train/loss", "Step", None, None),
        10,
    ),
    "Lightning": (
        "epoch,lr-SGD,step,train_loss_step,val_loss\n"
        + "".join(f"0,0.1,{i},{x},\n0,,{i},,3.0\n" for i, x in enumerate(DECAY)),
        ("train_loss_step", "step", None, "lr-SGD"),
        1,
    ),
    "Keras": (
        "epoch,accuracy,learning_rate,loss,val_loss\n"
        + "".join(f"{i},0.5,0.1,{x},9\n" for i, x in enumerate(DECAY)),
        ("loss", "epoch", None, "learning_rate"),
        1,
    ),
    "TensorBoard's page": (
        "Wall time,Step,Value\n" + "".join(f"1e9,{i},{x}\n" for i, x in enumerate(DECAY)),
        ("Value", "Step", None, None),
        1,
    ),
    "spreadsheet with decimal commas": (
        "Step;Loss;Grad Norm\n"
        + "".join(f"{i};{x};{x}\n".replace(".", ",") for i, x in enumerate(DECAY)),
        ("Loss", "Step", "Grad Norm", None),
        1,
    ),
    "no step": ("loss\n" + "\n".join(map(str, DECAY)), ("loss", None, None, None), 1),
    "old line ends": ("step\tloss\r" + "".join(f"{i}\t{x}\r" for i, x in enumerate(DECAY)),
                      ("loss", "step", None, None), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_exports_need_no_options(name, encoding, tmp_path):
    written, columns, every = EXPORTS[name]
    log = read(text(tmp_path / "log", written, encoding))
    assert tuple(log.columns)[:4] == columns
    assert log.loss.value.read(0, 9).tolist() == DECAY
    assert log.loss.step.read(0, 9).tolist() == [every * i for i in range(len(DECAY))]
    assert log.notes == []


def test_names_without_a_header_are_the_numbers_of_columns(tmp_path):
    path = text(tmp_path / "log", "0,2.0\n1,1.5\n2,1.0\n")
    with pytest.raises(LogError, match=r"No column looks like .* The columns are '1', '2'"):
        read(path)
    assert read(path, Columns(step="1", loss="2")).loss.size == 3


@pytest.mark.parametrize(
    ("names", "given_", "message"),
    [
        (["step", "accuracy"], {}, "No column looks like a training loss"),
        (["step", "loss"], {"loss": "lss"}, r"no column 'lss' \(--loss\). Did you mean 'loss'"),
        (["loss"], {"step": "\x1b[31m"}, r"no column '\\x1b"),
    ],
)
def test_columns_that_are_not_clear(names, given_, message):
    with pytest.raises(LogError, match=message):
        choose({name: [2.0, 1.0] for name in names}, Columns(**given_))


@pytest.mark.parametrize("names", [
    ["loss", "grad_norm/a", "grad_norm/b"], ["loss", "grad_norm/a", "grad_2.0_norm_total"],
])  # fmt: skip
def test_norms_a_layer_are_left_alone(names):
    (chosen,) = choose({name: [2.0, 1.0] for name in names}, Columns())
    total = "grad_2.0_norm_total" in names
    assert chosen.columns.gradient_norm == ("grad_2.0_norm_total" if total else None)
    assert chosen.notes == ([] if total else ["several: gradient_norm"])


# --- what is skipped is said ---


def test_rows_that_are_none_are_counted(tmp_path):
    log = read(text(
        tmp_path / "log",
        "step,loss\n0,2\n1,1.9\n1,5\noops\n2,x\n3,nan\n,1\n4,,\n5,1.5\n" + "9" * (1 << 20),
    ))  # fmt: skip
    said = {note.reason: (note.count, note.first) for note in log.notes}
    assert said == {
        "step back": (1, 4), "other width": (2, 5), "no number": (1, 6), "no step": (1, 8),
    } or said == {
        "step back": (1, 4), "other width": (3, 5), "no number": (1, 6), "no step": (1, 8),
    }  # fmt: skip
    assert log.loss.step.read(0, 9).tolist() == [0, 1, 3, 5]
    assert diagnose_log(log).diagnosis.diverged_at == 3


def test_lines_of_any_length_are_passed_over(tmp_path):
    long = "x" * (3 << 20)
    log = read(text(tmp_path / "log", f"step,loss\n0,2\n{long}\n1,1\n{long}\n2,1\n"))
    assert log.loss.size == 3
    assert [(note.reason, note.count, note.first) for note in log.notes] == [("too long", 2, 3)]


def test_open_quotation_mark_costs_one_row(tmp_path):
    log = read(text(tmp_path / "log", 'step,loss,note\n0,2,"a"\n1,1.5,"b\n2,1.2,c\n3,1,d\n'))
    assert log.loss.size >= 3


def test_json_lines_skip_what_is_no_object(tmp_path):
    lines = ['{"loss": 2, "step": 0}', "[1]", '{"loss": ', '{"val": 1, "step": 0}',
             '{"loss": "NaN", "step": 1}', '{"loss": [1], "step": 2}',
             '{"loss": 1e999, "step": 3}', "[" * 100_000]  # fmt: skip
    log = read(text(tmp_path / "log", "\n".join(lines)))
    assert {note.reason: note.count for note in log.notes} == {"no object": 3, "no number": 1}
    assert np.isnan(log.loss.value.read(1, 2)[0])
    assert np.isinf(log.loss.value.read(2, 3)[0])


EVENTS = 60


@pytest.fixture(scope="module")
def event_bytes(tmp_path_factory):
    folder = write_events(
        tmp_path_factory.mktemp("events"), np.linspace(2, 1, EVENTS), np.ones(EVENTS)
    )
    (file,) = folder.iterdir()
    return file.read_bytes()


def record(data, length=None):
    head = struct.pack("<Q", len(data) if length is None else length)
    sums = [struct.pack("<I", int(events.checksums([part])[0])) for part in (head, data)]
    return head + sums[0] + data + sums[1]


def test_checksums_are_castagnoli():
    assert events.checksums([b"", b"123456789"])[1] == _masked(0xE3069283)
    assert events.checksums([b"\0" * 32])[0] == _masked(0x8A9136AA)  # RFC 3720, B.4


def _masked(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_cut_event_file(event_bytes, tmp_path):
    path = tmp_path / "e"
    path.write_bytes(event_bytes[:-7])
    log = read(path)
    assert [note.reason for note in log.notes] == ["truncated"]
    assert log.loss.size == EVENTS
    assert "at byte" in log.notes[0].sentence("en")


def test_damaged_event_file(event_bytes, tmp_path):
    middle = len(event_bytes) // 2
    path = tmp_path / "e"
    path.write_bytes(event_bytes[:middle] + b"\xff" + event_bytes[middle + 1 :])
    log = read(path)
    assert {note.reason for note in log.notes} <= {"damaged", "checksum"}
    assert log.loss.size >= 5


def test_lengths_in_event_files_are_not_believed(event_bytes, tmp_path):
    path = tmp_path / "e"
    nested = b"\x2a\xff\xff\xff\xff\x0f" + b"x" * 20  # a summary longer than its event
    path.write_bytes(event_bytes + record(nested) + record(b"x", length=1 << 62))
    log = read(path)
    assert {note.reason for note in log.notes} == {"no event", "truncated"}
    assert log.loss.size == EVENTS


def test_tensors_of_one_number_are_scalars(tmp_path):
    def field(number, data):
        return bytes([number << 3 | 2, len(data)]) + data

    def event(step, tensor):
        value = field(1, b"train/loss") + field(8, tensor)
        return record(b"\x10" + bytes([step]) + field(5, field(1, value)))

    single = b"\x08\x01" + field(4, struct.pack("<f", 2.5))
    double = b"\x08\x02" + field(6, struct.pack("<d", 1.5))
    several = b"\x08\x01" + field(4, struct.pack("<2f", 2.5, 1.0))
    path = tmp_path / "e"
    path.write_bytes(record(b"") + event(0, single) + event(1, double) + event(2, several))
    assert read(path).loss.value.read(0, 9).tolist() == [2.5, 1.5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"\n \n\n", "The file is empty"),
        (b"\x1f\x8b\x08\x00", r"another kind \(gzip\)"),
        (b"PK\x03\x04", "another kind"),
        (b"\x00\x01\x02", "binary file"),
        (b"step,loss\n", "holds 0 losses"),
        (b"step,loss\n1,2\n2,x\n", "holds 1 losses .* 1 cells are no numbers"),
        (b"[\n1\n]", "No line is a JSON object"),
        (record(b""), "holds no scalar"),
        (b"x" * (2 << 20), "too long for a row of names"),
    ],
)
def test_what_cannot_be_read(content, message, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(LogError, match=message) as error:
        read(path)
    assert error.value.text.id != error.value.text.en


def test_folders(event_bytes, tmp_path):
    with pytest.raises(LogError, match="holds no log"):
        read(tmp_path)
    with pytest.raises(LogError, match=r"Cannot open .*No such file"):
        read(tmp_path / "none")
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "events.out.tfevents.1").write_bytes(event_bytes)
    with pytest.raises(LogError, match="several runs"):
        read(tmp_path)
    assert read(tmp_path / "a").loss.size == EVENTS


# --- whatever is read, there is a report or a reason ---


def report_or_reason(path, **options):
    """What the command does, without its words for the shell."""
    try:
        log = read(path, **options)
    except LogError:
        return
    reading = diagnose_log(log)
    report = Report(log, reading, advise(log, reading))
    for language in ("en", "id"):
        assert report.text(language)
    json.dumps(report.facts(), allow_nan=False)


VALID = {
    "csv": b"step,train_loss,grad_norm,lr\n" + b"".join(
        b"%d,%.3f,%.3f,0.1\n" % (i, 2 - i / 40, 1 + i % 3) for i in range(60)
    ),
    "jsonl": b"".join(
        b'{"step": %d, "loss": %.3f, "grad_norm": %.2f}\n' % (i, 2 - i / 40, i) for i in range(60)
    ),
}  # fmt: skip

NASTY = [b"nan", b"inf", b"-1e308", b"1e999", b"\x00", b"\xff\xfe", b'"', b"\r", b"\n", b"{", b",",
         b"9" * 5000, "é½\u2028".encode(), b"[" * 2000]  # fmt: skip

edits = st.lists(
    st.tuples(
        st.floats(0, 1), st.integers(0, 30), st.sampled_from(NASTY) | st.binary(max_size=8)
    ),
    max_size=6,
)  # fmt: skip


def edited(content, changes):
    for place, cut, new in changes:
        at = int(place * len(content))
        content = content[:at] + new + content[at + cut :]
    return content


@pytest.mark.parametrize("begin", ["{}: ", "[{}] "])
def test_a_number_that_begins_a_line_is_its_step_beside_an_epoch_too(tmp_path, begin):
    path = tmp_path / "run.log"
    lines = [f"{begin.format(10 * i)}epoch {i // 10} loss {3 / (1 + i)}\n" for i in range(30)]
    path.write_text("".join(lines))
    log = read(path)
    assert log.axis == "step"
    assert log.loss.step.read(0, 3).tolist() == [0, 10, 20]


@settings(max_examples=60)
@given(st.sampled_from(["csv", "jsonl", "tensorboard"]), edits, st.booleans())
def test_spoiled_logs(event_bytes, tmp_path_factory, kind, changes, told):
    path = tmp_path_factory.getbasetemp() / "spoiled"
    path.write_bytes(edited(VALID.get(kind, event_bytes), changes))
    report_or_reason(path, **({"kind": kind} if told else {}))


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([None, "csv", "jsonl", "tensorboard"]))
@example(b"loss\n1e308\n-1e308\n1e308\n", None)
@example(b"loss\n" + b"1e308\n-1e308\n" * 60, None)
@example(b"step,loss\n1e308,1\n2e308,2\n-1e308,1\n", None)
@example(b"loss,grad_norm\n0,0\n0,0\n0,0\n", None)
def test_any_bytes(tmp_path_factory, content, kind):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    report_or_reason(path, kind=kind)


@settings(max_examples=30)
@given(st.binary(max_size=120), st.binary(max_size=120))
def test_any_event(event_bytes, tmp_path_factory, one, two):
    """Records whose checksums are right and whose content is anything."""
    path = tmp_path_factory.getbasetemp() / "event"
    path.write_bytes(record(one) + event_bytes[:2000] + record(two) + record(b"\x2a" + one))
    report_or_reason(path)
