"""Which runs a folder holds, and the files of each."""

from pathlib import Path

from stabsim.logs.columns import listed
from stabsim.logs.source import LogError

EVENTS = "*tfevents*"
"""How TensorBoard's event files are named."""

TEXTS = ("*.csv", "*.tsv", "*.jsonl", "*.json", "*.log", "*.txt", "*.out")
"""How other logs are named; what is in them is judged by their content."""

MOST = 200
"""A folder with more runs is too large to be listed."""


def runs(folder: Path) -> dict[str, list[Path]]:
    """The runs in a folder by their names, in order: event files in one folder are one run.

    Raises:
        LogError: if there is none, or if there are too many.
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(file for file in folder.rglob(EVENTS) if file.is_file()):
        found.setdefault(str(file.parent.relative_to(folder)), []).append(file)
    if not found:
        found = {
            str(file.relative_to(folder)): [file]
            for file in sorted(folder.rglob("*")) if file.is_file() and any(map(file.match, TEXTS))
        }  # fmt: skip
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
