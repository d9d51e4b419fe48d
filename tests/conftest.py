"""What all tests run under: no implicit dtype promotion, and little time lost in compiling."""

import ctypes
import fcntl
import http.server
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import jax
import jaxtyping
import numpy as np
import psutil
import pytest
import xarray as xr
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext

from book import ROOT, SITE, labs
from book.browser import opened
from stabsim._settings import using
from tests.browser import PATIENCE

labs.share_programs()
os.environ["KERAS_BACKEND"] = "jax"  # the default is TensorFlow, which nothing here needs
jax.config.update("jax_numpy_dtype_promotion", "strict")
settings.register_profile("stabsim", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("stabsim")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes long, so make test-all alone runs it")
    config.addinivalue_line("markers", "long_runs: trains for long, so it compiles with care")


def pytest_collection_modifyitems(items):
    """One test of the site first, and the rest last: it is built while all others run."""
    site = [item for item in items if "site" in getattr(item, "fixturenames", ())]
    others = [item for item in items if item not in set(site)]
    items[:] = site[:1] + others + site[1:]


@pytest.fixture(autouse=True)
def compile_quickly(request):
    """Most tests take longer to compile than to run."""
    careful = request.node.get_closest_marker("long_runs") is not None
    jax.config.update("jax_disable_most_optimizations", not careful)


@pytest.fixture(scope="session")
def memory_after_forgetting() -> list[int]:
    """How many bytes this process held each time after it forgot what it had compiled."""
    return [0]


@pytest.fixture(autouse=True)
def stay_small(memory_after_forgetting):
    """Two processes of tests and their browsers are to fit in a small machine.

    What is compiled is forgotten once it is much, and not after each test of a process that is
    large for other reasons: it would all be compiled anew.
    """
    yield
    process = psutil.Process()
    if process.memory_info().rss > max(LARGE, memory_after_forgetting[-1] + GROWN):
        jax.clear_caches()
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)  # glibc keeps what LLVM frees
        memory_after_forgetting.append(process.memory_info().rss)


LARGE = 2**30
"""Bytes in memory from which a process of tests forgets what it compiled."""
GROWN = 2**28
"""Bytes by which it must have grown since it last did."""


@pytest.fixture
def nothing_kept():
    """Every sweep runs, also if an earlier test or build ran the same."""
    with using(kept=None):
        yield


@pytest.fixture
def x64():
    """Double precision for one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def real_runs() -> xr.Dataset:
    """Real runs, from those that learn to those that diverge, with four seeds at each rate."""
    import stabsim as ss  # not before its signatures are checked

    net = ss.workloads.residual_mlp(depth=8)

    def experiment(learning_rate, seed):
        return ss.simulate(net, ss.sgd(learning_rate), steps=150, batch_size=32, seed=seed)

    rates = [2.0**k for k in range(-8, -1)]
    return ss.sweep(experiment, learning_rate=rates, seed=range(4), progress=False)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def unchecked():
    """Signatures not checked by beartype, so that a caller's mistake meets our own words."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def interruptible():
    """A process that was started in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# --- the built site in a browser ---

PATH = "some/where/else/"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site, built by the first worker that asks for it: a build would disturb the others."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
    with (tmp_path_factory.getbasetemp().parent / f"site-{run}").open("a+") as built:
        fcntl.flock(built, fcntl.LOCK_EX)
        built.seek(0)
        if not built.read():
            build = subprocess.run(
                [sys.executable, "-m", "book"], cwd=ROOT, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert build.returncode == 0, build.stdout + build.stderr
            built.write("built")
    return SITE


@pytest.fixture(scope="session")
def address(site, tmp_path_factory):
    """The address of the site, which knows nothing of the path that it is served under."""
    root = tmp_path_factory.mktemp("root")
    (root / PATH).parent.mkdir(parents=True)
    (root / PATH).symlink_to(site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root))
    server.handle_error = lambda *_: None  # a browser may leave before it has all it asked for
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{PATH}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    with opened() as chromium:
        yield chromium


@pytest.fixture
def context(browser: Browser):
    """Makes browser windows of our choice, and closes them; they keep no edition unless told to.

    Each would else fetch the whole book for itself, while it is tested.
    """
    opened = []

    def make(**options) -> BrowserContext:
        opened.append(browser.new_context(**{"service_workers": "block"} | options))
        opened[-1].set_default_timeout(1000 * PATIENCE)
        return opened[-1]

    yield make
    for window in opened:
        window.close()
