"""Update rules that readers type: how they are read, where they become unstable, and their lab."""

from typing import TYPE_CHECKING

from stabsim._lazy import lazy

if TYPE_CHECKING:
    from stabsim.rules.shown import show as show
    from stabsim.rules.typed import PRESETS as PRESETS
    from stabsim.rules.typed import Edge as Edge
    from stabsim.rules.typed import RuleError as RuleError
    from stabsim.rules.typed import edge as edge
    from stabsim.rules.typed import parse as parse
    from stabsim.rules.typed import typed_rule as typed_rule

_HOMES = {
    "Edge": "stabsim.rules.typed",
    "PRESETS": "stabsim.rules.typed",
    "RuleError": "stabsim.rules.typed",
    "edge": "stabsim.rules.typed",
    "parse": "stabsim.rules.typed",
    "show": "stabsim.rules.shown",
    "typed_rule": "stabsim.rules.typed",
}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazy(__name__, _HOMES)
