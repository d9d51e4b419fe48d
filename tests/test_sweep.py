"""Sweeps: labels, the loop they equal, compilation, interruption, devices and bad input."""

import os
import signal
import subprocess
import sys
import textwrap

import jax
import numpy as np
import optax
import pytest
import xarray as xr
from tqdm import tqdm

import stabsim as ss
from stabsim._settings import using
from stabsim.sweeps import workers
from stabsim.sweeps.results import Results
from stabsim.sweeps.sweep import SweepInterrupted
from stabsim.workloads import mlp, quadratic

pytestmark = pytest.mark.usefixtures("nothing_kept")

OPTIONS = {"steps": 12, "batch_size": 16}


def experiment(learning_rate, gamma, seed):
    return ss.simulate(
        mlp(width=6), ss.momentum(learning_rate, gamma), seed=seed, evaluate_at=[0, 12], **OPTIONS
    )


def test_sweep_is_the_loop_labelled_by_axis():
    rates, gammas, seeds = [0.01, 0.1, 0.5], [0.0, 0.9], range(4)
    runs = ss.sweep(experiment, learning_rate=rates, gamma=gammas, seed=seeds, runs_at_once=5)
    assert runs.loss.dims == ("learning_rate", "gamma", "seed", "step")
    assert runs.validation_loss.dims == ("learning_rate", "gamma", "seed", "evaluation_step")
    np.testing.assert_array_equal(runs.evaluation_step, [0, 12])
    np.testing.assert_array_equal(runs.learning_rate, rates)
    assert bool(runs.done.all())
    for rate in rates:
        for gamma in gammas:
            for seed in seeds:
                one = experiment(rate, gamma, seed)
                here = runs.sel(learning_rate=rate, gamma=gamma, seed=seed)
                np.testing.assert_allclose(here.loss, one.loss, rtol=1e-3)
                np.testing.assert_allclose(here.learning_rate_at_step, one.learning_rate, rtol=1e-6)


def test_sweep_gives_a_table():
    runs = ss.sweep(experiment, learning_rate=[0.01, 0.1], gamma=[0.5], seed=[0])
    table = runs.loss.to_dataframe().reset_index()
    assert list(table.columns) == ["learning_rate", "gamma", "seed", "step", "loss"]
    assert len(table) == 2 * 12


def test_what_is_no_number_is_looped_over():
    def compare(optimizer, workload, learning_rate, width):
        nets = {"digits": mlp(width=width), "bowl": quadratic(np.ones(width))}
        return ss.simulate(nets[workload], optimizer(learning_rate), steps=4)

    runs = ss.sweep(
        compare,
        optimizer=[ss.sgd, ss.adam],
        workload={"net": "digits", "bowl": "bowl"},
        learning_rate=[0.01, 0.1],
        width=[3, 5],
        loop=["width"],
    )
    assert runs.loss.dims == ("optimizer", "workload", "learning_rate", "width", "step")
    assert list(runs.optimizer.values) == ["sgd", "adam"]
    assert list(runs.workload.values) == ["net", "bowl"]
    alone = ss.simulate(mlp(width=5), ss.adam(0.1), steps=4)
    here = runs.loss.sel(optimizer="adam", workload="net", learning_rate=0.1, width=5)
    np.testing.assert_allclose(here, alone.loss, rtol=1e-4)


def test_lengths_may_differ_along_a_looped_axis():
    runs = ss.sweep(
        lambda steps, seed: ss.simulate(mlp(width=4), ss.sgd(0.1), steps=steps, seed=seed),
        steps=[3, 5],
        loop="steps",
        seed=[0, 1],
    )
    assert runs.loss.sizes == {"steps": 2, "seed": 2, "step": 5}
    assert np.isnan(runs.loss.sel(steps=3)).sum() == 4
    assert runs.clipped.dtype == bool


def test_numbers_do_not_recompile_even_for_a_new_function():
    def once(rates, seeds):
        def experiment(learning_rate, seed):
            return ss.simulate(mlp(width=5), ss.momentum(learning_rate), seed=seed, **OPTIONS)

        return ss.sweep(experiment, learning_rate=rates, seed=seeds, runs_at_once=2)

    once([0.1, 0.2], [0, 1])
    compiled = []

    def listen(event, duration, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(duration)

    jax.monitoring.register_event_duration_secs_listener(listen)
    once([0.3, 0.4], [5, 6])
    assert compiled == []
    ss.sweep(lambda n: {"product": n * 7919}, n=[1.0, 2.0, 3.0, 4.0, 5.0])
    assert compiled


def test_what_was_run_is_read_where_runs_are_kept(tmp_path, monkeypatch):
    def once(rates, seeds, steps=4):
        def experiment(learning_rate, seed):
            return ss.simulate(mlp(width=5), ss.momentum(learning_rate), seed=seed, steps=steps)

        return ss.sweep(experiment, learning_rate=rates, seed=seeds)

    ran, run = [], workers.run

    def count(pending, *others):
        ran.append(len(pending))
        return run(pending, *others)

    monkeypatch.setattr(workers, "run", count)
    with using(kept=tmp_path):
        first = once([0.1, 0.2], [0, 1])
        xr.testing.assert_identical(once([0.1, 0.2], [0, 1]), first)
        assert ran == [2, 0]
        once([0.1, 0.3], [0, 1])
        once([0.1, 0.2], [0, 2])
        once([0.1, 0.2], [0, 1], steps=5)
    assert ran == [2, 0, 2, 2, 2]


def test_the_size_of_a_block_follows_no_number_of_cores(monkeypatch):
    sizes = []

    class Noted(Results):
        def __init__(self, *given):
            super().__init__(*given)
            sizes.append(self.block_shape)

    monkeypatch.setattr(sys.modules["stabsim.sweeps.sweep"], "Results", Noted)
    for cores in (1, 2, 64):
        monkeypatch.setattr(workers, "_cores", lambda cores=cores: cores)
        for runs in (3, 40):
            ss.sweep(lambda n: {"twice": 2 * n}, n=[float(n) for n in range(runs)])
    assert sizes == [(2, 1), (8, 1)] * 3


def test_scalars_of_your_own():
    def experiment(learning_rate):
        trace = ss.simulate(quadratic([1.0]), ss.sgd(learning_rate), steps=10)
        return {"last": trace.loss[-1], "first": trace.loss[0]}

    runs = ss.sweep(experiment, learning_rate=[0.1, 0.5])
    np.testing.assert_allclose(runs["last"], [0.5 * 0.9**18, 0.5 * 0.5**18], rtol=1e-4)


def test_diverged_runs_are_kept():
    runs = ss.sweep(
        lambda learning_rate: ss.simulate(quadratic([1.0]), ss.sgd(learning_rate), steps=300),
        learning_rate=[0.1, 9.0],
    )
    assert np.isfinite(runs.loss.sel(learning_rate=0.1)).all()
    assert not np.isfinite(runs.loss.sel(learning_rate=9.0)[-1])
    assert bool(runs.done.all())


def test_optax_in_a_sweep():
    runs = ss.sweep(
        lambda learning_rate, seed: ss.simulate(
            mlp(width=6), optax.sgd(learning_rate, 0.9), seed=seed, **OPTIONS
        ),
        learning_rate=[0.01, 0.1],
        seed=range(3),
        runs_at_once=2,
    )
    ours = ss.sweep(experiment, learning_rate=[0.01, 0.1], gamma=[0.9], seed=range(3))
    np.testing.assert_allclose(runs.loss, ours.loss.squeeze("gamma"), rtol=1e-3)


@pytest.mark.usefixtures("interruptible")
def test_interrupted_sweep_keeps_what_is_done(monkeypatch):
    def train(learning_rate, seed):
        return ss.simulate(mlp(width=6), ss.sgd(learning_rate), seed=seed, **OPTIONS)

    done = []

    class Bar(tqdm):
        def update(self, n=1):
            done.append(n)
            if len(done) == 3:
                signal.raise_signal(signal.SIGINT)  # as Ctrl-C does
            return super().update(n)

    monkeypatch.setattr(sys.modules["stabsim.sweeps.sweep"], "tqdm", Bar)
    axes = {"learning_rate": np.geomspace(0.001, 0.1, 4), "seed": range(3)}
    with pytest.warns(SweepInterrupted, match="of 12 runs are done; a store= would have kept them"):
        part = ss.sweep(train, runs_at_once=1, **axes)
    count = int(part.done.sum())
    assert 3 <= count < 12
    assert np.isfinite(part.loss.where(part.done)).sum() == OPTIONS["steps"] * count
    assert np.isnan(part.loss.where(~part.done)).all()
    assert part.clipped.dtype == bool
    whole = ss.sweep(train, runs_at_once=1, **axes)
    np.testing.assert_allclose(part.loss, whole.loss.where(part.done), rtol=1e-6)


SHARDED = """
    import jax, numpy as np, stabsim as ss
    assert len(jax.devices()) == 3
    from stabsim.workloads import quadratic
    def experiment(learning_rate, gamma):
        return ss.simulate(quadratic([1.0, 9.0]), ss.momentum(learning_rate, gamma), steps=10)
    runs = ss.sweep(experiment, learning_rate=[0.01, 0.02, 0.05, 0.1], gamma=[0.5, 0.9])
    many = ss.sweep(experiment, learning_rate=[0.02], gamma=np.arange(7) / 8)
    np.save(0 or {path!r}, np.concatenate([runs.loss.values.ravel(), many.loss.values.ravel()]))
"""


def test_sweep_is_sharded_over_several_devices(tmp_path):
    path = str(tmp_path / "loss.npy")
    code = textwrap.dedent(SHARDED.format(path=path).replace("0 or ", ""))
    env = os.environ | {"JAX_NUM_CPU_DEVICES": "3"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)

    def experiment(learning_rate, gamma):
        return ss.simulate(quadratic([1.0, 9.0]), ss.momentum(learning_rate, gamma), steps=10)

    here = ss.sweep(experiment, learning_rate=[0.01, 0.02, 0.05, 0.1], gamma=[0.5, 0.9])
    many = ss.sweep(experiment, learning_rate=[0.02], gamma=np.arange(7) / 8)
    expected = np.concatenate([here.loss.values.ravel(), many.loss.values.ravel()])
    np.testing.assert_allclose(np.load(path), expected, rtol=1e-4)


def bowl(learning_rate):
    return ss.simulate(quadratic([1.0]), ss.sgd(learning_rate), steps=2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ss.sweep(bowl), ValueError, "at least one axis"),
        (lambda: ss.sweep(bowl, learning_rate=0.1), TypeError, r"such as learning_rate=\[0.1\]"),
        (lambda: ss.sweep(bowl, learning_rate="fast"), TypeError, "must be a list of values"),
        (lambda: ss.sweep(bowl, learning_rate=[]), ValueError, "at least one value; it is empty"),
        (lambda: ss.sweep(bowl, learning_rate=[0.1, 0.1]), ValueError, "different names"),
        (lambda: ss.sweep(bowl, learning_rate=[0.1], loop=["gamma"]), ValueError, "'gamma'"),
        (lambda: ss.sweep(bowl, learning_rate=[0.1], runs_at_once=0), ValueError, "runs_at_once"),
        (lambda: ss.sweep(bowl, gama=[0.1]), TypeError, "gama"),
        (
            lambda: ss.sweep(lambda learning_rate: learning_rate, learning_rate=[0.1]),
            TypeError,
            "must return a Trace or a dict of single numbers",
        ),
        (
            lambda: ss.sweep(lambda n: {"n": n}, n=[1]),
            ValueError,
            r"must not be named as axes are: \['n'\]",
        ),
        (
            lambda: ss.sweep(
                lambda steps: ss.simulate(quadratic([1.0]), ss.sgd(0.1), steps=steps), steps=[1, 2]
            ),
            TypeError,
            r"name its axis in loop=\[...\]",
        ),
        (
            lambda: ss.sweep(
                lambda n: ss.simulate(quadratic(np.ones(int(n))), ss.sgd(0.1), steps=2), n=[1, 2]
            ),
            TypeError,
            r"name its axis in loop=\[...\]. The axes traced are \['n'\]",
        ),
    ],
)
def test_bad_sweeps(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()
