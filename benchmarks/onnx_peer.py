"""The tanh network of :mod:`benchmarks.wasm` as ONNX, for onnxruntime-web, which runs in pages too.

The graph is written by hand, gradients included, so that the peer is not held back by a
converter. A test of agreement stands in the benchmark itself.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


class Writer:
    """Collects nodes; a call adds one and names its result."""

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Any] = []
        self.constants: list[TensorProto] = []
        self._prefix = prefix

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{self._prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def number(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"{self._prefix}c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name


def _shaped(name: str, shape: Sequence[int] | None, kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def network(x: np.ndarray, y: np.ndarray, start: list[np.ndarray], steps: int) -> ModelProto:
    """A scan over training steps; inputs rate, warmup, clip and rule, as in the JAX program.

    Args:
        x: inputs, ``(rows, 64)``.
        y: one-hot targets, ``(rows, 10)``.
        start: weights and biases in turn, ``[w, b, w, b, w, b]``.
        steps: how many updates.
    """
    w = Writer("o")
    data = [numpy_helper.from_array(a.astype(np.float32), n) for n, a in (("x", x), ("y", y))]
    state = [f"{kind}_start{i}" for kind in "pmv" for i in range(6)]
    for i, name in enumerate(state):
        value = start[i % 6] * (i < 6)
        data.append(numpy_helper.from_array(value.astype(np.float32), name))
    data.append(numpy_helper.from_array(np.arange(steps, dtype=np.float32), "steps"))
    scan = helper.make_node(
        "Scan", [*state, "steps"], [*(f"end{i}" for i in range(18)), "loss", "gradient", "update"],
        body=_step([a.shape for a in start], len(x)), num_scan_inputs=1,
    )  # fmt: skip
    given = [_shaped(n, []) for n in ("rate", "warmup", "clip")]
    given.append(_shaped("rule", [], TensorProto.INT32))
    results = [_shaped(n, [steps]) for n in ("loss", "gradient", "update")]
    graph = helper.make_graph([*w.nodes, scan], "train", given, results, data)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _step(shapes: list[tuple[int, ...]], rows: int) -> GraphProto:
    w = Writer("s")
    p, m, v = ([f"{kind}{i}" for i in range(6)] for kind in "pmv")
    one, two, nine = w.number(1.0), w.number(2, np.int32), w.number(0.9)
    zero, first = w.number(0, np.int32), w.number(1, np.int32)
    over, axis = w.number(1.0 / rows), w.number([0], np.int64)

    h1 = w("Tanh", w("Gemm", "x", p[0], p[1]))
    h2 = w("Tanh", w("Gemm", h1, p[2], p[3]))
    logs = w("LogSoftmax", w("Gemm", h2, p[4], p[5]), axis=-1)
    loss = w("Neg", w("Mul", over, w("ReduceSum", w("Mul", logs, "y"), keepdims=0)))

    back = w("Mul", over, w("Sub", w("Exp", logs), "y"))
    grads: list[str] = []
    for below, weights in ((h2, p[4]), (h1, p[2]), ("x", "")):
        bias = w("ReduceSum", back, axis, keepdims=0)
        grads = [w("Gemm", below, back, transA=1), bias, *grads]
        if weights:
            slope = w("Sub", one, w("Mul", below, below))
            back = w("Mul", w("Gemm", back, weights, transB=1), slope)

    norm = _norm(w, grads)
    warm = w("Min", one, w("Div", w("Add", "t", one), w("Max", "warmup", one)))
    now = w("Mul", "rate", warm)
    share = w("Min", one, w("Div", "clip", w("Add", norm, w.number(1e-6))))
    is_rms, is_adam = w("Equal", "rule", two), w("Equal", "rule", first)
    share = w("Mul", share, w("Where", is_adam, w.number(0.1), one))
    b1 = w("Where", is_rms, w.number(0.0), nine)
    b2 = w("Where", is_rms, nine, w.number(0.999))
    rest = w("Sub", one, b2)
    after = w("Add", "t", one)
    c1 = w("Where", is_adam, w("Sub", one, w("Pow", nine, after)), one)
    c2 = w("Where", is_adam, w("Sub", one, w("Pow", w.number(0.999), after)), one)
    plain = w("Equal", "rule", zero)
    ends: dict[str, list[str]] = {"p": [], "m": [], "v": []}
    updates = []
    for i, g in enumerate(grads):
        mean = w("Add", w("Mul", b1, m[i]), w("Mul", share, g))
        square = w("Add", w("Mul", b2, v[i]), w("Mul", rest, w("Mul", g, g)))
        root = w("Add", w("Sqrt", w("Div", square, c2)), w.number(1e-8))
        updates.append(w("Where", plain, mean, w("Div", w("Div", mean, c1), root)))
        ends["p"].append(w("Sub", p[i], w("Mul", now, updates[-1])))
        ends["m"].append(mean)
        ends["v"].append(square)
    moved = w("Mul", now, _norm(w, updates))

    names = [*p, *m, *v]
    given = [_shaped(n, shapes[i % 6]) for i, n in enumerate(names)] + [_shaped("t", [])]
    ended = [*ends["p"], *ends["m"], *ends["v"]]
    results = [_shaped(n, shapes[i % 6]) for i, n in enumerate(ended)]
    results += [_shaped(n, []) for n in (loss, norm, moved)]
    return helper.make_graph(w.nodes, "step", given, results, w.constants)


def _norm(w: Writer, tensors: list[str]) -> str:
    squares = [w("ReduceSumSquare", one, keepdims=0) for one in tensors]
    return w("Sqrt", w("Sum", *squares))
