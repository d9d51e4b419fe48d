"""PyTorch: the sharpness of a module under its own optimizer, by double backward.

The gradient is computed once with its graph, and each product with the Hessian is one more backward
pass through it. Forward over reverse (``torch.func``) would run the network anew for each product,
and not every operation has a forward derivative; attention is computed by its plain formula, since
the fused kernels have no second derivative.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _BatchNorm

from stabsim.logs.hooks import StepFile
from stabsim.probe import rules
from stabsim.probe.measurement import (
    MOST,
    TOLERANCE,
    Measurement,
    Share,
    halved,
    log_measurement,
    measure,
)
from stabsim.probe.rules import Known, Numbers, Rule, diagonal

CHUNK = 1 << 18
"""So many numbers of P exist at a time."""

KINKED = ("relu", "maxpool", "hardtanh", "hardswish", "hardsigmoid", "absbackward", "threshold")
"""Parts of the names of what is not differentiable everywhere, as autograd names it."""


class Probe:
    """Measures the sharpness of a model, and the threshold of its optimizer.

    Args:
        loss: from a batch to the mean loss over it; it calls the model. Uncompiled: what
            ``torch.compile`` makes has no second derivative.
        model: the module; its buffers are put back after each measurement.
        optimizer: the one that trains it; its parameters are those that are measured.
        log: a :class:`stabsim.logs.hooks.torch.StepLog`, in which :meth:`step` writes.
        every, share: :meth:`step` measures every so many steps, in at most this share of the time.
    """

    def __init__(
        self, loss: Callable[[Any], torch.Tensor], model: torch.nn.Module,
        optimizer: torch.optim.Optimizer, log: StepFile | None = None,
        every: int = 10, share: float = 0.05,
    ) -> None:  # fmt: skip
        self._loss, self._model, self._optimizer, self._log = loss, model, optimizer, log
        self._share = Share(every, share)

    def measure(
        self, batches: Sequence[Any], count: int = 1, *, halves: bool = True,
        tolerance: float = TOLERANCE, most: int = MOST,
    ) -> Measurement:  # fmt: skip
        """The largest eigenvalues on these batches, weighted equally.

        For one eigenvalue on one batch it holds four gradients beside the model and what the
        network keeps for the backward pass. Random numbers and buffers are left as they were.

        Args:
            batches: a list of what ``loss`` takes.
            count: how many eigenvalues.
            halves: whether to measure on two halves of the data too, which costs as much again.
            tolerance: the error at which to stop, as a share of the eigenvalue.
            most: so many products with the Hessian at most.
        Raises:
            ValueError: if the optimizer's threshold is not known, or it has made no step.
        """
        if not batches:
            raise ValueError("batches must hold at least one batch.")
        params, rule = of_optimizer(self._optimizer)
        with undisturbed(self._model, params):
            found = doubts(self._loss, batches[0], params)
            found += ["running means"] * uses_running_means(self._model)
            return measure(
                lambda data: Hessian(self._loss, params, rule, data), batches,
                halved(batches) if halves else None, rule.threshold, found, count, tolerance, most,
            )  # fmt: skip

    def step(self, step: int, batch: Any) -> Measurement | None:
        """Measures if it is time, after the optimizer's step, and logs it; None if it is not."""
        if not self._share.due(step):
            return None
        found = self._share.spend(lambda: self.measure([batch]))
        log_measurement(self._log, step, found)
        return found


def of_optimizer(optimizer: torch.optim.Optimizer) -> tuple[list[torch.Tensor], Rule]:
    """The parameters that an optimizer moves, and its rule at its present step.

    Groups may differ in rate and decay, which goes into P; the threshold is for the group with
    the highest rate.

    Raises:
        ValueError: if the rule is not known, groups differ in their momentum, or no step was made.
    """
    groups = optimizer.param_groups
    high = max(groups, key=lambda group: float(group["lr"]))
    rate = float(high["lr"])
    params, states, numbers, ridge, made = [], [], [], [], []
    for group in groups:
        own = float(group["lr"])
        for param in group["params"] if own > 0 or rate == 0 else []:
            if not param.requires_grad:
                continue
            state = optimizer.state.get(param, {})
            known, arrays, number = _of_group(optimizer, group, state)
            params.append(param)
            made.append(known)
            states.append(tuple(array.detach() for array in arrays))
            scale = rate / own if own else 1.0
            numbers.append(number._replace(factor=number.factor * scale))
            coupled = not _decoupled(optimizer, group)
            ridge.append(float(group.get("weight_decay", 0)) if coupled else 0.0)
    if not params:
        raise ValueError("the optimizer has no parameter that requires a gradient.")
    if any(one != made[0] for one in made):
        raise ValueError("parameter groups that differ in their momentum have no common threshold.")
    decay = float(high.get("weight_decay", 0)) if _decoupled(optimizer, high) else 0.0
    return params, Rule(made[0].threshold(rate, decay), states, numbers, ridge)


def _decoupled(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> bool:
    return isinstance(optimizer, torch.optim.AdamW) or bool(group.get("decoupled_weight_decay"))


def _of_group(
    optimizer: torch.optim.Optimizer, group: dict[str, Any], state: dict[str, Any]
) -> tuple[Known, tuple[torch.Tensor, ...], Numbers]:
    """A rule of stabsim by its rate, and the arrays and numbers of P."""
    if isinstance(optimizer, torch.optim.SGD):
        gamma = float(group["momentum"])
        return (
            Known("nesterov" if group["nesterov"] else "momentum", gamma),
            (),
            Numbers(factor=1 / (1 - float(group["dampening"])) if gamma else 1.0),
        )
    if isinstance(optimizer, torch.optim.RMSprop):
        _stepped(state)
        arrays = (state["square_avg"], *([state["grad_avg"]] if group["centered"] else []))
        return Known("momentum", float(group["momentum"])), arrays, Numbers(outside=group["eps"])
    if not isinstance(optimizer, torch.optim.Adam | torch.optim.AdamW | torch.optim.NAdam):
        raise ValueError(
            f"the threshold of {type(optimizer).__name__} is not known; those of torch.optim's "
            f"{rules.PEERS} are."
        )
    _stepped(state)
    beta1, beta2 = map(float, group["betas"])
    t = float(state["step"])
    numbers = Numbers(correction=1 / (1 - beta2**t), outside=group["eps"])
    if isinstance(optimizer, torch.optim.NAdam):
        mu, following = (
            beta1 * (1 - 0.5 * 0.96 ** (i * group["momentum_decay"])) for i in (t, t + 1)
        )
        product = float(state["mu_product"])
        factor = rules.nadam_factor(
            beta1, following / (1 - product * following), (1 - mu) / (1 - product)
        )
        return Known("nadam", beta1), (state["exp_avg_sq"],), numbers._replace(factor=factor)
    v = state["max_exp_avg_sq"] if group["amsgrad"] else state["exp_avg_sq"]
    return Known("adam", beta1), (v,), numbers._replace(factor=1 - beta1**t)


def _stepped(state: dict[str, Any]) -> None:
    if not state:
        raise ValueError(
            "the optimizer has made no step with some parameter, so its preconditioner is not "
            "known yet: measure after a step."
        )


@contextmanager
def undisturbed(model: torch.nn.Module, params: Sequence[torch.Tensor]) -> Iterator[None]:
    """Random numbers and buffers, such as running means, are put back at the end."""
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    devices = sorted({param.device.index for param in params if param.device.type == "cuda"})
    try:
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def doubts(
    loss: Callable[[Any], torch.Tensor], batch: Any, params: Sequence[torch.Tensor]
) -> list[str]:
    """What the network itself gives reason to doubt: keys of ``DOUBTS``."""
    seen = {param.dtype for param in params}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        seen.add(tensor.dtype)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        first = evaluate(loss, batch, seed=1)
    names = {node.lower() for node in _nodes(first)}
    second = evaluate(loss, batch, seed=2).detach()
    kinked = any(kink in name for name in names for kink in KINKED)
    moved = (first.detach() - second).abs() > 1e-5 * second.abs()
    found = {
        "kinks": kinked,
        "precision": bool(seen & {torch.float16, torch.bfloat16}),
        "random": bool(moved),
    }
    return [name for name, true in found.items() if true]


def uses_running_means(model: torch.nn.Module) -> bool:
    """Whether some batch normalization is in evaluation mode."""
    return any(
        isinstance(one, _BatchNorm) and one.track_running_stats and not one.training
        for one in model.modules()
    )


def _nodes(loss: torch.Tensor) -> set[str]:
    """The names of the nodes of a loss's graph."""
    left, seen = [loss.grad_fn], set()
    while left:
        node = left.pop()
        if node is not None and node not in seen:
            seen.add(node)
            left += [following for following, _ in node.next_functions]
    return {node.name() for node in seen}


def evaluate(loss: Callable[[Any], torch.Tensor], batch: Any, seed: int) -> torch.Tensor:
    """The loss with the random numbers of a seed, and attention that can be derived twice.

    Raises:
        ValueError: if it is not one number that depends on a parameter.
    """
    torch.manual_seed(seed)
    with sdpa_kernel(SDPBackend.MATH):
        value = loss(batch)
    if not (isinstance(value, torch.Tensor) and value.numel() == 1 and value.requires_grad):
        raise ValueError("loss must return one number that depends on the parameters.")
    return value


class Hessian:
    """The preconditioned Hessian on some batches: a :class:`stabsim.probe.lanczos.Space`."""

    def __init__(
        self, loss: Callable[[Any], torch.Tensor], params: Sequence[torch.Tensor], rule: Rule,
        batches: Sequence[Any],
    ) -> None:  # fmt: skip
        self._loss, self._params, self._rule, self._batches = loss, params, rule, batches
        self.size = sum(param.numel() for param in params)
        self._gradient: Any = None

    def start(self) -> list[torch.Tensor]:
        generator = torch.Generator().manual_seed(0)
        drawn = []
        for i, param in enumerate(self._params):
            one = torch.randn(param.shape, generator=generator, dtype=param.dtype).to(param.device)
            for rows in self._rows(i):
                one[rows] /= self._scale(i, rows) ** 0.5
            drawn.append(one)
        return drawn

    def product(self, x: list[torch.Tensor]) -> list[torch.Tensor]:
        total: list[torch.Tensor] = []
        for batch in self._batches:
            wanted, gradient = self._gradient or self._gradient_on(batch)
            if len(self._batches) == 1:
                self._gradient = wanted, gradient
            part = torch.autograd.grad(
                gradient, self._params, [x[i] for i in wanted], allow_unused=True,
                materialize_grads=True, retain_graph=len(self._batches) == 1,
            )  # fmt: skip
            total = self.combined(1.0, total, 1.0, list(part)) if total else list(part)
        for i, (w, ridge) in enumerate(zip(total, self._rule.ridge, strict=True)):
            w.div_(len(self._batches)).add_(x[i], alpha=ridge)
            for rows in self._rows(i):
                w[rows] /= self._scale(i, rows)
        return total

    def _gradient_on(self, batch: Any) -> tuple[list[int], list[torch.Tensor]]:
        """The gradient with its graph, of those parameters whose gradient is not constant."""
        value = evaluate(self._loss, batch, seed=0)
        gradient = torch.autograd.grad(value, self._params, create_graph=True, allow_unused=True)
        wanted = [i for i, g in enumerate(gradient) if g is not None and g.requires_grad]
        if not wanted:
            raise ValueError("the loss is linear in the parameters: it has no curvature.")
        return wanted, [g for g in gradient if g is not None and g.requires_grad]

    def inner(self, x: list[torch.Tensor], y: list[torch.Tensor]) -> float:
        total = 0.0
        for i, (a, b) in enumerate(zip(x, y, strict=True)):
            for rows in self._rows(i):
                total += float((a[rows] * self._scale(i, rows) * b[rows]).sum())
        return total

    def combined(
        self, a: float, x: list[torch.Tensor], b: float, y: list[torch.Tensor]
    ) -> list[torch.Tensor]:
        for left, right in zip(x, y, strict=True):
            left.mul_(a) if b == 0 else left.mul_(a).add_(right, alpha=b)
        return x

    def _rows(self, i: int) -> list[Any]:
        """Parts of a parameter, of about ``CHUNK`` numbers each."""
        param = self._params[i]
        if param.ndim == 0:
            return [...]
        step = max(1, CHUNK * len(param) // max(param.numel(), 1))
        return [slice(at, at + step) for at in range(0, len(param), step)]

    def _scale(self, i: int, rows: Any) -> Any:
        return diagonal(self._rule.numbers[i], *(array[rows] for array in self._rule.states[i]))
