"""Sweeps on other processes: the same numbers, workers that are killed, and what is raised."""

import multiprocessing
import os
import pickle
import signal
import sys
import warnings
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import distributed
import jax
import numpy as np
import pytest
import xarray as xr

import stabsim as ss
from stabsim.sweeps import workers
from stabsim.workloads import mlp, quadratic

pytestmark = pytest.mark.usefixtures("nothing_kept")

RATES = np.geomspace(0.001, 0.1, 6)
OPTIONS = {"runs_at_once": 1, "progress": False}


def restless(marker, value=0.03):
    """An experiment of which one run kills its worker, the first time that it gets there."""
    home = os.getpid()

    def visit(learning_rate):
        if learning_rate > value and os.getpid() != home and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return learning_rate

    def experiment(learning_rate):
        shape = jax.ShapeDtypeStruct((), np.float32)
        rate = jax.pure_callback(visit, shape, learning_rate, vmap_method="sequential")
        return ss.simulate(quadratic([1.0, 9.0]), ss.momentum(rate), steps=20)

    return experiment


@pytest.fixture(scope="module")
def environment():
    """Workers compile as this process does: XLA's options decide the last bits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
        yield


@pytest.fixture(scope="module")
def client(environment, tmp_path_factory):
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None,
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        yield client


def test_dask_gives_the_same_numbers(client):
    net = mlp(width=6)  # the digits travel with the function, which is a local one

    def experiment(rule, learning_rate, seed):
        return ss.simulate(net, rule(learning_rate), seed=seed, steps=8, batch_size=16)

    axes = {"rule": [ss.momentum], "learning_rate": [0.1, 0.3], "seed": range(3)}
    options = OPTIONS | {"runs_at_once": 2}
    there = ss.sweep(experiment, executor=client, **options, **axes)
    xr.testing.assert_identical(there, ss.sweep(experiment, **options, **axes))


@pytest.mark.long  # processes of our own are killed in the short tier
def test_dask_goes_on_when_a_worker_is_killed(client, tmp_path):
    marker = tmp_path / "killed"
    experiment = restless(marker)
    before = {w["pid"] for w in client.run(lambda: {"pid": os.getpid()}).values()}
    runs = ss.sweep(experiment, executor=client, learning_rate=RATES, **OPTIONS)
    assert marker.exists()
    client.wait_for_workers(2, timeout=60)
    after = {w["pid"] for w in client.run(lambda: {"pid": os.getpid()}).values()}
    assert len(before & after) == 1
    xr.testing.assert_identical(runs, ss.sweep(experiment, learning_rate=RATES, **OPTIONS))


def test_processes_are_made_anew_when_one_is_killed(environment, tmp_path):
    experiment = restless(tmp_path / "killed")
    made = []

    def pool():
        made.append(ss.processes(1)())
        return made[-1]

    runs = ss.sweep(experiment, executor=pool, learning_rate=RATES, **OPTIONS)
    assert (tmp_path / "killed").exists()
    assert len(made) == 2
    xr.testing.assert_identical(runs, ss.sweep(experiment, learning_rate=RATES, **OPTIONS))


def test_settings_of_jax_travel(client):
    def experiment(n):
        return {"third": n / 3.0}

    with jax.enable_x64(True):
        there = ss.sweep(experiment, executor=client, n=[1.0, 2.0], **OPTIONS)
    assert there.third.dtype == np.float64
    np.testing.assert_array_equal(there.third, [1 / 3, 2 / 3])


class Picky(Exception):
    """Cannot be unpickled: it wants two arguments and remembers one."""

    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")


@pytest.mark.parametrize("error", [OSError, Picky])
def test_what_the_experiment_raises_is_not_tried_again(client, tmp_path, error):
    tries, home = tmp_path / "tries", os.getpid()

    def experiment(depth, learning_rate):
        if depth == 3 and os.getpid() != home:
            with tries.open("a") as file:
                file.write("x")
            raise OSError("no such data") if error is OSError else Picky("no such data", "lost")
        return {"sum": depth + learning_rate}

    with pytest.raises(OSError if error is OSError else RuntimeError) as raised:
        ss.sweep(
            experiment, depth=[2, 3], loop="depth", learning_rate=[0.1, 0.2], executor=client,
            progress=False,
        )  # fmt: skip
    assert "no such data" in str(raised.value)
    assert tries.read_text() == "x"
    notes = "\n".join(raised.value.__notes__)
    assert "depth=3, learning_rate=[0.1" in notes
    assert "On the worker:\nTraceback" in notes


def test_what_the_experiment_raises_here_has_its_settings():
    def refuse(n):
        raise ArithmeticError("not today")

    def experiment(n):
        shape = jax.ShapeDtypeStruct((), np.float32)
        return {"n2": jax.pure_callback(refuse, shape, n, vmap_method="sequential")}

    with pytest.raises(Exception, match="not today") as raised:
        ss.sweep(experiment, n=[1.0, 2.0], runs_at_once=1)
    assert "in a block with n=[" in raised.value.__notes__[-1]


class Mortal:
    """An executor whose workers die at the tries named."""

    def __init__(self, deaths, error):
        self.deaths, self.error, self.tries = deaths, error, 0

    def submit(self, function, *arguments):
        self.tries += 1
        future = Future()
        if self.tries in self.deaths:
            future.set_exception(self.error)
        else:
            future.set_result(function(*pickle.loads(pickle.dumps(arguments))))
        return future


def line(n):
    return {"double": 2.0 * n}


def test_lost_tasks_are_run_again():
    executor = Mortal({2, 3, 5, 6}, ConnectionError("gone"))
    runs = ss.sweep(line, n=[1.0, 2.0, 3.0], executor=executor, **OPTIONS)
    np.testing.assert_array_equal(runs.double, [2.0, 4.0, 6.0])
    assert executor.tries == 7


@pytest.mark.parametrize("error", [ConnectionError("gone"), distributed.KilledWorker("t", None, 3)])
def test_a_sweep_gives_up_when_nothing_is_done(error):
    executor = Mortal(range(2, 100), error)
    with pytest.raises(type(error)) as raised:
        ss.sweep(line, n=[1.0, 2.0], executor=executor, **OPTIONS)
    assert executor.tries == 2 + workers.PATIENCE
    assert "one of those left has n=[2.0]" in raised.value.__notes__[0]


def test_a_broken_pool_that_was_given_says_what_to_give():
    with pytest.raises(BrokenExecutor) as raised:
        ss.sweep(line, n=[1.0], executor=Mortal({1}, BrokenExecutor("dead")), **OPTIONS)
    assert "executor=stabsim.processes(2)" in raised.value.__notes__[0]


def test_threads_of_your_own():
    with ThreadPoolExecutor(2) as executor:
        runs = ss.sweep(line, n=[1.0, 2.0, 3.0], executor=executor, **OPTIONS)
        assert executor.submit(int, 3).result() == 3, "it is still the caller's"
    np.testing.assert_array_equal(runs.double, [2.0, 4.0, 6.0])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_forked_processes_are_refused():
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings(), ProcessPoolExecutor(1, mp_context=context) as executor:
        warnings.simplefilter("ignore")  # JAX warns of just this
        with pytest.raises(RuntimeError, match=r"a copy \(a fork\)"):
            ss.sweep(line, n=[1.0], executor=executor, **OPTIONS)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ss.sweep(line, n=[1.0], executor=2), TypeError, "executor must be a Dask client"),
        (lambda: ss.processes(0), ValueError, "count must be at least 1"),
        (lambda: ss.processes(0.5), TypeError, "count must be a whole number"),
    ],
)
def test_bad_executors(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()
