#!/bin/sh
# jax 0.10.2 with jaxlib 0.10.2, on an x86 CPU.
#
# Guess: float16 on a processor without F16C (or where XLA may not use it) is slow, since XLA rounds
# float32 to it in whole instructions, as it does for bfloat16.
# Behaviour: arithmetic in float16 does not compile: LLVM calls functions of the compiler's runtime
# library, which XLA does not bring. bfloat16 works. --xla_cpu_max_isa=SSE4_2 stands for such a processor.
# Seen: float16: JaxRuntimeError (Symbols not found: __extendhfsf2, __truncsfhf2); bfloat16: 1.5.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
XLA_FLAGS=--xla_cpu_max_isa=SSE4_2 JAX_PLATFORMS=cpu "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import jax
import jax.numpy as jnp


def half_more(dtype):
    try:
        return float(jax.jit(lambda x: 1.5 * x)(jnp.ones((), dtype)))
    except jax.errors.JaxRuntimeError as error:
        return type(error).__name__


seen = half_more(jnp.float16), half_more(jnp.bfloat16)
print(seen)
assert seen == ("JaxRuntimeError", 1.5)
PYTHON
