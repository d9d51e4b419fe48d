"""All six rules in one: which it is, is a number, so that one program runs any of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, zeros_like
from stabsim.optimizers import (
    SGD,
    Adam,
    AdamState,
    Momentum,
    MomentumState,
    NAdam,
    Nesterov,
    Optimizer,
    RMSProp,
    RMSPropState,
    SGDState,
)
from stabsim.schedules import Rate

RULES = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "nadam")
RULE_NAMES = {"sgd": "SGD", "momentum": "Momentum", "nesterov": "Nesterov", "rmsprop": "RMSProp",
              "adam": "Adam", "nadam": "NAdam"}  # fmt: skip


class AnyState(NamedTuple):
    """What any of the rules remembers; m and v stay as they are where a rule has no use."""

    step: Int[Array, ""]
    m: Tree
    v: Tree


@pytree
class AnyRule(Optimizer):
    """The rule at position ``which`` of ``RULES``, with the metaparameters that it reads."""

    which: Scalar
    learning_rate: Rate
    gamma: Scalar
    beta2: Scalar
    eps: Scalar = 1e-8

    def _rules(self) -> list[tuple[Optimizer, Callable[..., Any], Callable[..., Any]]]:
        """Each rule, with the way from our state to its own and back."""
        eta, gamma = self.learning_rate, self.gamma

        def adam_in(s: AnyState) -> AdamState:
            return AdamState(s.step, s.m, s.v)

        def whole(s: Any) -> tuple[Tree, Tree]:
            return s.m, s.v

        return [
            (SGD(eta), lambda s: SGDState(s.step), lambda s: None),
            (Momentum(eta, gamma), lambda s: MomentumState(s.step, s.m), lambda s: s.v),
            (Nesterov(eta, gamma), lambda s: MomentumState(s.step, s.m), lambda s: s.v),
            (
                RMSProp(eta, self.beta2, gamma, self.eps),
                lambda s: RMSPropState(s.step, v=s.v, m=s.m),
                whole,
            ),
            (Adam(eta, gamma, self.beta2, self.eps), adam_in, whole),
            (NAdam(eta, gamma, self.beta2, self.eps), adam_in, whole),
        ]

    def init(self, params: Tree) -> AnyState:
        start = jnp.where(self.which == RULES.index("rmsprop"), 1.0, 0.0)
        v = jax.tree.map(lambda p: jnp.full_like(p, start), params)
        return AnyState(jnp.zeros((), jnp.int32), zeros_like(params), v)

    def update(
        self, grads: Tree, state: AnyState, params: Tree | None = None
    ) -> tuple[Tree, AnyState]:
        def branch(rule: Optimizer, into: Any, out: Any) -> Callable[..., Any]:
            def step(grads: Tree, state: AnyState) -> tuple[Tree, AnyState]:
                updates, new = rule.update(grads, into(state))
                kept = out(new)
                m, v = kept if isinstance(kept, tuple) else (kept, None)
                return updates, AnyState(
                    state.step + 1, state.m if m is None else m, state.v if v is None else v
                )

            return step

        return jax.lax.switch(self.which, [branch(*r) for r in self._rules()], grads, state)

    def preconditioner(self, state: AnyState) -> Tree:
        def branch(rule: Optimizer, into: Any, _: Any) -> Callable[..., Any]:
            def p(state: AnyState) -> Tree:
                own = rule.preconditioner(into(state))
                return jax.tree.map(jnp.ones_like, state.v) if own is None else own

            return p

        return jax.lax.switch(self.which, [branch(*r) for r in self._rules()], state)

    def threshold(self, learning_rate: Scalar) -> Array:
        all_six = jnp.stack([jnp.asarray(r.threshold(learning_rate)) for r, *_ in self._rules()])
        return all_six[self.which]
