"""Runs on disk as they end: a folder each, named by its settings, put in place when it is whole."""

import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
import uuid
import weakref
from pathlib import Path

from stabsim.playbook import runs
from stabsim.playbook.runs import Ended, Run, Settings

ABOUT = "playbook.json"
"""The file that says whose runs a store holds."""


class Store:
    """A folder that holds the runs of one training function, so that none is run twice.

    Each run is written under another name and renamed once it is whole: a kill at any moment
    leaves whole runs and nothing else that counts.

    Attributes:
        path: where it is.

    Args:
        path: where it is or shall be; a folder that lasts as long as this process if not given.
        training: what is trained, by which the store knows another's runs.
    Raises:
        ValueError: if something else is there, or the runs of another training function.
    """

    def __init__(self, path: str | os.PathLike[str] | None, training: str) -> None:
        if path is None:
            path = tempfile.mkdtemp(prefix="stabsim-")
            weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)
        self.path = Path(path)
        about = self.path / ABOUT
        there = json.loads(about.read_text(encoding="utf8"))["training"] if about.exists() else None
        if there != training and self.path.exists() and not self._is_empty():
            if there is None:
                raise ValueError(f"store must be a new folder or a walk's; {self.path} is neither.")
            raise ValueError(
                f"the store at {self.path} holds runs of {there!r}, not of {training!r}. Give "
                "a new folder."
            )
        if there != training:
            self.path.mkdir(parents=True, exist_ok=True)
            draft = self._draft()
            draft.write_text(json.dumps({"training": training}) + "\n", encoding="utf8")
            draft.replace(about)
        self._clear()

    def get(self, settings: Settings) -> Run | None:
        """The run with these settings; None if there is none."""
        folder = self.path / settings.name
        return runs.kept(folder) if folder.is_dir() else None

    def keep(self, settings: Settings, ended: Ended) -> Run:
        """Keeps what a run left, and returns the run as it will be read again."""
        draft = self._draft()
        draft.mkdir()
        runs.keep(draft, settings, ended)
        try:
            draft.rename(self.path / settings.name)
        except OSError:  # another process has kept the same run
            shutil.rmtree(draft)
        return runs.kept(self.path / settings.name)

    def forget(self, settings: Settings) -> None:
        """Removes a run, at once: a kill leaves it whole or not at all."""
        draft = self._draft()
        with contextlib.suppress(FileNotFoundError):
            (self.path / settings.name).rename(draft)
            shutil.rmtree(draft)

    def _is_empty(self) -> bool:
        """Whether it holds no run, and nothing but a draft that a kill left behind."""
        names = [one.name for one in self.path.iterdir()] if self.path.is_dir() else [""]
        return all(DRAFT.fullmatch(name) or name == ABOUT for name in names)

    def _draft(self) -> Path:
        return self.path / f".draft.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex}"

    def _clear(self) -> None:
        """Removes the drafts of processes of this machine that are no more."""
        for draft in self.path.iterdir():
            match = DRAFT.fullmatch(draft.name)
            if match and match["host"] == socket.gethostname() and not _alive(int(match["pid"])):
                with contextlib.suppress(OSError):
                    draft.unlink() if draft.is_file() else shutil.rmtree(draft)


DRAFT = re.compile(r"\.draft\.(?P<host>.+)\.(?P<pid>\d+)\.[0-9a-f]{32}")
"""What is not whole yet, and of which process of which machine it is."""


def _alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere the signal 0 is none
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
