"""Exercises as assignments: what their notebooks call, and how they are made and graded.

``ask`` and ``check`` stand in the notebooks. The command ``stabsim classroom`` makes and grades
them, with nbgrader: ``pip install "stabsim[classroom]"``.
"""

from stabsim.classroom.student import ask as ask
from stabsim.classroom.student import check as check
