"""Stores: what is written is read again, what is damaged is computed anew, others are refused."""

import shutil
import signal
import sys
import threading
from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr
import zarr
from tqdm import tqdm

import stabsim as ss
from stabsim._settings import using
from stabsim.sweeps import workers
from stabsim.sweeps.sweep import SweepInterrupted
from stabsim.workloads import mlp, quadratic
from tests.tiers import in_short

pytestmark = pytest.mark.usefixtures("nothing_kept")

AXES = {"rule": [ss.sgd, ss.momentum], "learning_rate": [0.01, 0.1, 0.3], "seed": [0, 1]}
NET = mlp(width=4)


def experiment(rule, learning_rate, seed):
    return ss.simulate(NET, rule(learning_rate), seed=seed, steps=6, batch_size=16)


@pytest.fixture(scope="module")
def runs():
    return ss.sweep(experiment, runs_at_once=2, **AXES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, runs):
    """A store that holds a whole sweep."""
    path = tmp_path_factory.mktemp("stores") / "whole"
    xr.testing.assert_identical(ss.sweep(experiment, runs_at_once=2, store=path, **AXES), runs)
    return path


@pytest.fixture
def store(whole, tmp_path):
    """A copy to damage."""
    return shutil.copytree(whole, tmp_path / "store")


@pytest.fixture
def ran(monkeypatch):
    """The blocks that run."""
    blocks = []
    attempt = workers.attempt
    monkeypatch.setattr(workers, "attempt", lambda *args: blocks.append(args) or attempt(*args))
    return blocks


def test_what_is_stored_is_not_run_again(store, runs, ran):
    # The store knows the size of its blocks.
    xr.testing.assert_identical(ss.sweep(experiment, store=store, **AXES), runs)
    assert ran == []


def test_a_store_goes_on_in_a_notebook_and_in_a_terminal(store, runs, ran, monkeypatch):
    # There jax writes programs in colours (pretty_printer.py of jax 0.10.2).
    monkeypatch.setattr("jax._src.pretty_printer.CAN_USE_COLOR", True)
    assert "\x1b" in str(jax.make_jaxpr(lambda x: x * 2)(1.0))
    xr.testing.assert_identical(ss.sweep(experiment, store=store, **AXES), runs)
    assert not ran


def test_xarray_reads_a_store(whole, runs):
    for i, rule in enumerate(("sgd", "momentum")):
        stored = xr.open_zarr(whole, group=f"runs-{i}", consolidated=False)
        assert stored.attrs["settings"] == {"rule": rule}
        loss = stored.loss.set_index(setting="learning_rate").rename(setting="learning_rate")
        np.testing.assert_array_equal(loss.sel(seed=1), runs.loss.sel(rule=rule, seed=1))
        np.testing.assert_allclose(loss.learning_rate, AXES["learning_rate"])


def chunks(store, name):
    return sorted(path for path in (store / "runs-0" / name / "c").rglob("*") if path.is_file())


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    """Other numbers, in a chunk that can be read."""
    array = zarr.open_array(next(p for p in path.parents if p.name == "c").parent, mode="a")
    array[(0,) * array.ndim] = 7


WAYS = {
    f"{damage.__name__} {name}": (damage, name)
    for damage in (cut, empty, flip, Path.unlink)
    for name in ("loss", "_checksum", "validation_loss")
}


@pytest.mark.parametrize(
    "way", in_short(WAYS, "cut loss", "empty _checksum", "flip validation_loss", "unlink loss")
)
def test_a_damaged_block_is_computed_anew(store, runs, ran, way):
    damage, name = WAYS[way]
    damage(chunks(store, name)[0])
    xr.testing.assert_identical(ss.sweep(experiment, store=store, **AXES), runs)
    assert len(ran) == 1
    ran.clear()
    xr.testing.assert_identical(ss.sweep(experiment, store=store, **AXES), runs)
    assert ran == []


def test_a_grid_cut_off_while_it_was_made_is_made_anew(store, runs, ran):
    file = store / "runs-1" / "zarr.json"
    file.write_text(file.read_text().replace('"program"', '"unfinished"'))
    xr.testing.assert_identical(ss.sweep(experiment, runs_at_once=2, store=store, **AXES), runs)
    assert len(ran) == 4


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_sweep_goes_on_from_its_store(tmp_path, runs, ran, monkeypatch):
    closing, kept = threading.Event(), []
    attempt, close = workers.attempt, workers._Threads.close

    def stall(program, task):
        """Blocks after the third wait until no other can begin."""
        if len(ran) >= 3:
            assert closing.wait(60)
        return attempt(program, task)

    class Bar(tqdm):
        def update(self, n=1):
            kept.append(n)
            if len(kept) == 3:
                signal.raise_signal(signal.SIGINT)  # as Ctrl-C does
            return super().update(n)

    with monkeypatch.context() as patch:
        patch.setattr(workers, "attempt", stall)
        patch.setattr(workers._Threads, "close", lambda pool: closing.set() or close(pool))
        patch.setattr(sys.modules["stabsim.sweeps.sweep"], "tqdm", Bar)
        with pytest.warns(SweepInterrupted, match="sweep again with the same store="):
            part = ss.sweep(experiment, runs_at_once=2, store=tmp_path / "part", **AXES)
    assert 0 < int(part.done.sum()) < 12
    xr.testing.assert_identical(part.loss.where(part.done), runs.loss.where(part.done))
    began = len(ran)  # what had begun was finished, and kept
    xr.testing.assert_identical(ss.sweep(experiment, store=tmp_path / "part", **AXES), runs)
    assert len(ran) == 8
    assert 3 < began < 8


def test_a_store_of_numbers_of_your_own(tmp_path, ran):
    def scalars(x):
        return {"checksum": x, "large": x > 1.5, "nothing": x * np.nan, "below": x * -np.nan}

    here = ss.sweep(scalars, x=[1.0, 2.0, 3.0])
    for blocks in (2, 0):
        ran.clear()
        stored = ss.sweep(scalars, x=[1.0, 2.0, 3.0], runs_at_once=2, store=tmp_path / "store")
        xr.testing.assert_identical(stored, here)
        assert len(ran) == blocks


def bowl(learning_rate, curvature=1.0, steps=2):
    return ss.simulate(quadratic([curvature]), ss.sgd(learning_rate), steps=steps)


@pytest.mark.parametrize(
    ("other", "axes", "message"),
    [
        (bowl, {"learning_rate": [0.1, 0.3]}, r"learning_rate is \[0.1, 0.2\], not \[0.1, 0.3\]"),
        (bowl, {"learning_rate": [0.1, 0.2], "curvature": [1.0]}, "its axes are"),
        (lambda learning_rate: bowl(learning_rate, 2.0), {"learning_rate": [0.1, 0.2]}, "else"),
        (lambda learning_rate: bowl(learning_rate, steps=3), {"learning_rate": [0.1, 0.2]}, "else"),
    ],
    ids=["values", "names", "constants", "steps"],
)
def test_another_sweeps_store_is_refused(tmp_path, other, axes, message):
    first = ss.sweep(bowl, learning_rate=[0.1, 0.2], store=tmp_path / "store")
    with pytest.raises(ValueError, match=f"another sweep.*{message}"):
        ss.sweep(other, store=tmp_path / "store", **axes)
    again = ss.sweep(
        lambda learning_rate: bowl(learning_rate),
        learning_rate=[0.1, 0.2],
        store=tmp_path / "store",
    )
    xr.testing.assert_identical(again, first)


def test_numbers_of_another_name_are_another_sweep(tmp_path):
    def named(name):
        return lambda learning_rate: {name: bowl(learning_rate).loss[-1]}

    rates = [0.1, 0.2]
    with using(kept=tmp_path / "kept"):
        for name in ("end", "loss"):  # the same program, but for the name
            assert set(ss.sweep(named(name), learning_rate=rates).data_vars) == {"done", name}
    ss.sweep(named("end"), learning_rate=rates, store=tmp_path / "store")
    with pytest.raises(ValueError, match="another sweep"):
        ss.sweep(named("loss"), learning_rate=rates, store=tmp_path / "store")


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("all my work")
    zarr.open_group(tmp_path / "array", mode="w").create_array("x", data=np.ones(3))
    for path in ("thesis", "thesis/chapter.txt", "array"):
        with pytest.raises(ValueError, match="a new folder or a sweep's"):
            ss.sweep(bowl, learning_rate=[0.1], store=tmp_path / path)
