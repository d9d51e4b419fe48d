"""Exercises as assignments: what their notebooks call, and how they are made and graded.

``ask`` and ``check`` stand in the notebooks. The command ``stabsim classroom`` makes and grades
them, with nbgrader: ``pip install "stabsim[classroom]"``.
"""

from typing import TYPE_CHECKING

from stabsim._lazy import lazy

if TYPE_CHECKING:
    from stabsim.classroom.student import ask as ask
    from stabsim.classroom.student import check as check

_HOMES = {"ask": "stabsim.classroom.student", "check": "stabsim.classroom.student"}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazy(__name__, _HOMES)
