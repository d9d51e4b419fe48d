"""Training logs of other programs, read in constant memory."""

from stabsim.logs.columns import Columns as Columns
from stabsim.logs.log import Log as Log
from stabsim.logs.read import read as read
from stabsim.logs.source import LogError as LogError
from stabsim.logs.verdict import diagnose_log as diagnose_log
