"""Grids of runs: computed once, while a program is traced too, and read again from a folder."""

import jax
import jax.numpy as jnp
import numpy as np

from stabsim.labs import kept


def test_once_a_process_and_once_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STABSIM_KEPT", str(tmp_path))
    times = []

    def squares():
        times.append(1)
        return {"squares": np.asarray(jnp.arange(3) ** 2)}  # fails on a traced value

    def traced(x):
        return x + jnp.asarray(grid()["squares"])

    grid = kept.kept(squares)
    assert jax.jit(traced)(jnp.int32(1)).tolist() == [1, 2, 5]
    assert grid()["squares"].tolist() == [0, 1, 4]
    (file,) = tmp_path.iterdir()
    assert file.name.endswith("squares.npz")
    grid = kept.kept(squares)  # as in another process
    assert grid()["squares"].tolist() == [0, 1, 4]
    assert len(times) == 1
    monkeypatch.setattr(kept, "_digest", lambda: "another state")
    assert kept.kept(squares)()["squares"].tolist() == [0, 1, 4]
    assert len(times) == 2


def test_without_a_folder(monkeypatch):
    monkeypatch.delenv("STABSIM_KEPT")
    assert kept.kept(lambda: {"one": np.ones(1)})()["one"].tolist() == [1.0]
