"""Grade one submission and write its feedback, by nbgrader; a process of its own for each.

Run as a file, for it needs nothing of stabsim: ``python -P autograde.py COURSE ASSIGNMENT STUDENT
TIMEOUT KERNEL``. The submission's code runs in a further process, its kernel.
"""

import logging
import sys

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

STARTUP = 120
"""Seconds that a kernel may take to start: JAX is large."""


def main(course: str, assignment: str, student: str, timeout: str, kernel: str) -> None:
    """Grade, then write the feedback.

    Raises:
        nbgrader.converters.base.NbGraderException: if it cannot be graded.
    """
    logging.basicConfig(format="%(message)s")
    config = Config()
    config.Execute.timeout = int(timeout)
    config.Execute.startup_timeout = STARTUP
    config.Execute.kernel_name = kernel
    for step in (Autograde, GenerateFeedback):
        directory = CourseDirectory(root=course, assignment_id=assignment, student_id=student)
        step(coursedir=directory, config=config, force=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
