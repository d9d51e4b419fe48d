"""What all tests run under: no implicit dtype promotion, and NaN-free only where they say so."""

import jax
import jaxtyping
import numpy as np
import pytest
from hypothesis import settings

jax.config.update("jax_numpy_dtype_promotion", "strict")
settings.register_profile("stabsim", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("stabsim")


@pytest.fixture
def x64():
    """Double precision for one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def unchecked():
    """Signatures not checked by beartype, so that a caller's mistake meets our own words."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
