"""The recorded sweeps: those that pages ask for, no others, and what a run comes to."""

import io
import json
import platform
from importlib.metadata import version

import numpy as np
import pytest

from book import ROOT, outputs, recorded, recording
from book.recorded import LABS, LIST, RECORDED, SWEEPS
from stabsim import _kept
from stabsim._settings import using
from tests.tiers import in_short

LISTED = json.loads((RECORDED / LIST).read_text(encoding="utf8"))
ALL = [LABS, *outputs.pages()]

# Where another jaxlib is, sweeps run; so they may where NumPy rounds data otherwise.
as_recorded = pytest.mark.skipif(
    LISTED["jaxlib"] != version("jaxlib") or platform.machine().lower() not in {"x86_64", "amd64"},
    reason=f"records are of jaxlib {LISTED['jaxlib']} on x86",
)


@pytest.fixture(autouse=True)
def settings_of_kernels(monkeypatch):
    """Restored afterwards. Kernels here compute as they would for a build without flags."""
    for name in ("IPYTHONDIR", "STABSIM_BOOK", "STABSIM_LANGUAGE", "STABSIM_KEPT"):
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("XLA_FLAGS", raising=False)


def test_the_list_names_what_is_there():
    names = {name for page in LISTED["pages"].values() for name in page}
    assert names == {file.name for file in RECORDED.glob(SWEEPS)}
    assert set(LISTED["pages"]) == set(ALL)
    assert f"jaxlib=={LISTED['jaxlib']}\n" in (ROOT / "requirements.txt").read_text()


@as_recorded
@pytest.mark.parametrize("page", in_short(ALL, "fixes"))
def test_a_page_asks_for_what_is_recorded(page):
    # A sweep that has run anew is not compressed, so it is of other bytes.
    asked = recording.asked(page)
    recorded = {name: (RECORDED / name).read_bytes() for name in LISTED["pages"][page]}
    assert asked == recorded, "python -m book record"


@as_recorded
@pytest.mark.parametrize("page", in_short(ALL, "optimizers"))
def test_a_record_is_what_runs(page):
    ran = recording.asked(page, known=None)
    assert set(ran) == set(LISTED["pages"][page])
    for name, saved in ran.items():
        with np.load(io.BytesIO(saved)) as now, np.load(RECORDED / name) as then:
            assert {k: (x.shape, x.dtype) for k, x in now.items()} == {
                k: (x.shape, x.dtype) for k, x in then.items()
            }
            if "loss" in then:  # later steps may be chaotic
                np.testing.assert_allclose(now["loss"][..., :3], then["loss"][..., :3], rtol=1e-4)


def test_a_build_finds_records_and_prefers_them(tmp_path, monkeypatch):
    (tmp_path / "recorded").mkdir()
    np.savez_compressed(tmp_path / "recorded/sweep-1.npz", loss=np.arange(3.0))
    monkeypatch.setattr(recorded, "RECORDED", tmp_path / "recorded")
    monkeypatch.setattr(recorded, "BUILD", tmp_path)
    with using(kept=tmp_path / "runs"):
        _kept.write("sweep-1", {"loss": np.zeros(3)})
        recorded.provide()
        kept = _kept.read("sweep-1")
        assert kept is not None
        assert kept["loss"].tolist() == [0, 1, 2]


def test_pages_change_with_their_records(tmp_path, monkeypatch):
    (tmp_path / "sweep-1.npz").write_bytes(b"one")
    monkeypatch.setattr(recorded, "RECORDED", tmp_path)
    monkeypatch.setattr(recorded, "pages", lambda: {"fixes": {"sweep-1.npz": ""}})
    before = outputs.state("en", "fixes"), outputs.state("en", "warmup")
    (tmp_path / "sweep-1.npz").write_bytes(b"another")
    assert outputs.state("en", "fixes") != before[0]
    assert outputs.state("en", "warmup") == before[1]


def _saved(**arrays: np.ndarray) -> bytes:
    saved = io.BytesIO()
    np.savez(saved, **arrays)  # type: ignore[arg-type]
    return saved.getvalue()


def test_what_is_new_is_added_and_what_none_asks_for_is_dropped(tmp_path, monkeypatch):
    old, new = {"sweep-1.npz": _saved(loss=np.ones(9))}, {"sweep-2.npz": _saved(loss=np.ones(2))}
    monkeypatch.setattr(recording, "processor", lambda: "an old one")
    assert recording.keep({"index": old, "warmup": {}}, tmp_path) == 1
    first = (tmp_path / "sweep-1.npz").read_bytes()
    monkeypatch.setattr(recording, "processor", lambda: "a new one")
    changed = {"sweep-1.npz": _saved(loss=np.zeros(9))}
    assert recording.keep({"index": changed | new, "warmup": {}}, tmp_path) == 1
    assert (tmp_path / "sweep-1.npz").read_bytes() == first
    listed = json.loads((tmp_path / LIST).read_text(encoding="utf8"))["pages"]
    assert listed["index"] == {"sweep-1.npz": "an old one", "sweep-2.npz": "a new one"}
    (tmp_path / "sweep-3.npz").write_bytes(b"cut off before it was listed")
    third = {"sweep-3.npz": _saved(loss=np.ones(3))}
    assert recording.keep({"warmup": new | third}, tmp_path) == 1
    with np.load(tmp_path / "sweep-3.npz") as arrays:
        assert arrays["loss"].tolist() == [1, 1, 1]
    assert recording.keep({"warmup": new}, tmp_path) == 0
    assert [file.name for file in tmp_path.glob(SWEEPS)] == ["sweep-2.npz"]


def test_records_are_not_made_under_flags(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_max_isa=AVX")
    monkeypatch.setattr(recording, "ProcessPoolExecutor", None)  # nothing runs in any case
    with pytest.raises(ValueError, match="without XLA_FLAGS: unset them"):
        recording.record()
