"""Grids of runs: computed once, while a program is traced too, and read again from a folder."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stabsim import _computed_once
from stabsim._computed_once import computed_once
from stabsim._settings import Settings, read, settings, using


def test_once_a_process_and_once_a_folder(tmp_path, monkeypatch):
    times = []

    def squares():
        times.append(1)
        return {"squares": np.asarray(jnp.arange(3) ** 2)}  # fails on a traced value

    def traced(x):
        return x + jnp.asarray(grid()["squares"])

    grid = computed_once(squares)
    with using(kept=tmp_path):
        assert jax.jit(traced)(jnp.int32(1)).tolist() == [1, 2, 5]
        assert grid()["squares"].tolist() == [0, 1, 4]
        (file,) = tmp_path.iterdir()
        assert file.name.endswith("squares.npz")
        grid = computed_once(squares)  # as in another process
        assert grid()["squares"].tolist() == [0, 1, 4]
        assert len(times) == 1
        monkeypatch.setattr(_computed_once, "digest", lambda *_: "another state")
        assert computed_once(squares)()["squares"].tolist() == [0, 1, 4]
        assert len(times) == 2


def test_without_a_folder():
    with using(kept=None):
        assert computed_once(lambda: {"one": np.ones(1)})()["one"].tolist() == [1.0]


def test_settings_come_of_the_environment_and_change_for_a_while(tmp_path):
    assert read({}) == Settings("en", False, None)
    asked = {"STABSIM_LANGUAGE": "id", "STABSIM_BOOK": "1", "STABSIM_KEPT": str(tmp_path)}
    assert read(asked) == Settings("id", True, tmp_path)
    with pytest.raises(ValueError, match="one of en, id, not 'fr'"):
        read({"STABSIM_LANGUAGE": "fr"})
    before = settings()
    with using(language="id"):
        assert settings() == before._replace(language="id")
    assert settings() == before
