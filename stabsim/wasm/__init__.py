"""Compile JAX functions to small WebAssembly modules that run anywhere without Python.

>>> import jax.numpy as jnp
>>> from stabsim import wasm
>>> module = wasm.compile(lambda x: jnp.cumsum(x**2), jnp.zeros(4))
>>> wasm.Engine(module)(jnp.arange(4.0)).tolist()
[0.0, 1.0, 5.0, 14.0]
"""

from stabsim.wasm.module import Engine as Engine
from stabsim.wasm.module import Module as Module
from stabsim.wasm.module import compile as compile
from stabsim.wasm.value import UnsupportedError as UnsupportedError
