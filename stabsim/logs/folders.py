"""Which runs a folder holds, and the files of each."""

from pathlib import Path

from stabsim.logs import scattered
from stabsim.logs.columns import listed
from stabsim.logs.source import LogError

EVENTS = "*tfevents*"
"""How TensorBoard's event files are named."""

STORES = ("*.wandb", "*.swanlab", "*.db", "*.sqlite")
"""How the files of W&B and SwanLab, and databases, are named."""

TEXTS = ("*.csv", "*.tsv", "*.jsonl", "*.json", "*.log", "*.txt", "*.out")
"""How other logs are named; what is in them is judged by their content."""

MOST = 200
"""A folder with more runs is too large to be listed."""


def runs(folder: Path) -> dict[str, list[Path]]:
    """The runs in a folder by their names, in order: event files in one folder are one run.
    A file that is there again under a link is not counted twice.

    Raises:
        LogError: if there is none, or if there are too many.
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(file for file in folder.rglob(EVENTS) if file.is_file()):
        found.setdefault(str(file.parent.relative_to(folder)), []).append(file)
    found |= {str(run.relative_to(folder)): [run] for run in scattered.folders(folder)}
    found |= _named(folder, STORES)
    found = found or _named(folder, TEXTS)
    if not found:
        raise LogError(
            f"The folder {str(folder)!r} holds no log.", f"Folder {str(folder)!r} tidak memuat log."
        )
    if len(found) > MOST:
        raise LogError(
            f"The folder {str(folder)!r} holds {len(found)} runs, such as {listed(found, 3)}; at "
            f"most {MOST} are read. Name a folder in it.",
            f"Folder {str(folder)!r} memuat {len(found)} run, misalnya {listed(found, 3)}; paling "
            f"banyak {MOST} yang dibaca. Sebutkan salah satu folder di dalamnya.",
        )
    return found


def _named(folder: Path, kinds: tuple[str, ...]) -> dict[str, list[Path]]:
    """The files that are named so, each a run."""
    return {
        str(file.relative_to(folder)): [file]
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(map(file.match, kinds)) and not _linked(file, folder)
    }


def _linked(file: Path, folder: Path) -> bool:
    """Whether a link leads to a file that lies in the folder itself: W&B's "latest-run" does."""
    return file.resolve() != folder.resolve() / file.relative_to(folder) and (
        file.resolve().is_relative_to(folder.resolve())
    )
