"""The rules that came after the playbook's six, for labs in which one of them is chosen."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree
from stabsim.optimizers import (
    Optimizer,
    adafactor,
    adamw,
    lion,
    muon,
    radam,
    schedule_free_adamw,
)
from stabsim.schedules import Rate

NEWER = ("lion", "adamw", "radam", "adafactor", "schedule_free_adamw", "muon")
NEWER_NAMES = {"lion": "Lion", "adamw": "AdamW", "radam": "RAdam", "adafactor": "Adafactor",
               "schedule_free_adamw": "Schedule-Free AdamW", "muon": "Muon"}  # fmt: skip


def newer_rules(rate: Rate, gamma: Scalar, beta2: Scalar) -> tuple[Optimizer, ...]:
    """Each of ``NEWER``. Adafactor has no momentum, and Muon's AdamW keeps its own betas."""
    return (
        lion(rate, gamma, beta2),
        adamw(rate, gamma, beta2),
        radam(rate, gamma, beta2),
        adafactor(rate),
        schedule_free_adamw(rate, gamma, beta2),
        muon(rate, gamma),
    )


@pytree
class OneOf(Optimizer):
    """The rule at position ``which`` of ``rules``: a number, so that one program runs any.

    Its state holds the states of all, of which only the chosen one's moves on.
    """

    which: Scalar
    rules: tuple[Any, ...]

    def _switch(self, branch: Callable[[int, Any], Callable[..., Any]], *given: Any) -> Any:
        branches = [branch(place, rule) for place, rule in enumerate(self.rules)]
        return jax.lax.switch(self.which, branches, *given)

    def init(self, params: Tree) -> tuple[Any, ...]:
        return tuple(rule.init(params) for rule in self.rules)

    def rate(self, state: Any) -> Scalar:
        return self._switch(
            lambda place, rule: lambda s: jnp.asarray(rule.rate(s[place]), jnp.result_type(float)),
            state,
        )

    def update(
        self, grads: Tree, state: tuple[Any, ...], params: Tree | None = None
    ) -> tuple[Tree, tuple[Any, ...]]:
        def branch(place: int, rule: Any) -> Callable[..., Any]:
            def step(grads: Tree, state: tuple[Any, ...], params: Tree) -> Any:
                updates, new = rule.update(grads, state[place], params)
                return updates, (*state[:place], new, *state[place + 1 :])

            return step

        return self._switch(branch, grads, state, params)

    def preconditioner(self, state: tuple[Any, ...]) -> Tree:
        """The chosen rule's, of whatever else has one; ones for a rule that has none."""
        known = next(p for r, s in zip(self.rules, state, strict=True)
                     if (p := r.preconditioner(s)) is not None)  # fmt: skip

        def branch(place: int, rule: Any) -> Callable[..., Any]:
            def p(state: tuple[Any, ...]) -> Tree:
                own = rule.preconditioner(state[place])
                return jax.tree.map(jnp.ones_like, known) if own is None else own

            return p

        return self._switch(branch, state)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        every = [jnp.asarray(rule.threshold(learning_rate)) for rule in self.rules]
        return jnp.stack(every)[self.which]

    def kept(self, params: Tree, state: tuple[Any, ...]) -> Tree:
        return self._switch(
            lambda place, rule: lambda params, s: rule.kept(params, s[place]), params, state
        )
