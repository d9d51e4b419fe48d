"""The sweeps that pages and labs show, recorded: a build that meets the same reads them.

So a page shows the runs that its text was written about, on every machine, and a build need not
wait for them. A record's name hangs on each operation and constant of its program and on the
version of jaxlib: where one of these is another, the sweep runs. :mod:`book.recording` makes them.
"""

import json
import shutil
from hashlib import sha256
from pathlib import Path

from book import BUILD, ROOT

RECORDED = ROOT / "chapters/recorded"
LIST = "list.json"
SWEEPS = "sweep-*.npz"
LABS = "labs"
"""Where the list has the grids that labs explore: they are no page's."""


def provide() -> None:
    """Put what is recorded where sweeps look for what ran before."""
    runs = BUILD / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for file in RECORDED.glob(SWEEPS):
        shutil.copy(file, runs)


def state(page: str) -> str:
    """Changes when what is recorded for a page does."""
    names = pages().get(page, {})
    return sha256(b"".join((RECORDED / name).read_bytes() for name in names)).hexdigest()


def pages(folder: Path = RECORDED) -> dict[str, dict[str, str]]:
    """The records that each page asks for, each with the processor that it was made on."""
    file = folder / LIST
    return json.loads(file.read_text(encoding="utf8"))["pages"] if file.exists() else {}
