"""Training logs of other programs, read in constant memory."""

from typing import TYPE_CHECKING

from stabsim._lazy import lazy

if TYPE_CHECKING:
    from stabsim.logs.advice import advise as advise
    from stabsim.logs.columns import Columns as Columns
    from stabsim.logs.log import Log as Log
    from stabsim.logs.reader import read as read
    from stabsim.logs.reader import runs as runs
    from stabsim.logs.source import LogError as LogError
    from stabsim.logs.verdict import diagnose_log as diagnose_log

_HOMES = {
    "Columns": "stabsim.logs.columns",
    "Log": "stabsim.logs.log",
    "LogError": "stabsim.logs.source",
    "advise": "stabsim.logs.advice",
    "diagnose_log": "stabsim.logs.verdict",
    "read": "stabsim.logs.reader",
    "runs": "stabsim.logs.reader",
}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazy(__name__, _HOMES)
