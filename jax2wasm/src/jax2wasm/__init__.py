"""Compile JAX functions to small WebAssembly modules that run anywhere without Python.

>>> import jax.numpy as jnp
>>> import jax2wasm
>>> module = jax2wasm.compile(lambda x: jnp.cumsum(x**2), jnp.zeros(4))
>>> jax2wasm.Engine(module)(jnp.arange(4.0)).tolist()
[0.0, 1.0, 5.0, 14.0]
"""

from jax2wasm.module import Engine, Module, Slot, compile
from jax2wasm.value import UnsupportedError

__all__ = ["Engine", "Module", "Slot", "UnsupportedError", "compile"]
__version__ = "0.1.0"
