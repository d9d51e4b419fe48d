"""Exercises as assignments: what their notebooks call, and how they are made and graded.

``ask`` and ``check`` stand in the notebooks. The command ``stabsim classroom`` makes and grades
them, with nbgrader: ``pip install "stabsim[classroom]"``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stabsim.classroom.student import ask as ask
    from stabsim.classroom.student import check as check


def __getattr__(name: str) -> Any:
    if name not in ("ask", "check"):
        raise AttributeError(f"stabsim.classroom has no attribute {name!r}")
    from stabsim.classroom import student  # not before it is used, for commands start quicker

    return getattr(student, name)
