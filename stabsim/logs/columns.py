"""Which column of a log holds what: guessed from its name, or given."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stabsim._words import Text
from stabsim.logs.source import LogError, unreadable
from stabsim.logs.words import UNREADABLE


class Columns(NamedTuple):
    """The names of the columns that a diagnosis reads; None for one that is not there."""

    loss: str | None = None
    step: str | None = None
    gradient_norm: str | None = None
    learning_rate: str | None = None


OPTIONS = {
    "loss": "--loss",
    "step": "--step",
    "gradient_norm": "--gradient-norm",
    "learning_rate": "--learning-rate",
}
"""The option that names each."""

NAMES = {
    "loss": ["loss", "loss step", "batch loss", "loss batch", "nll", "nll loss", "cost",
             "objective", "value"],
    "step": ["step", "global step", "iteration", "iter", "it", "num updates", "updates", "update",
             "batch", "index", "epoch", ""],
    "gradient_norm": ["gradient norm", "norm gradient", "gnorm"],
    "learning_rate": ["learning rate", "rate"],
}  # fmt: skip
"""The names by which each is known, best first, in the words of :func:`_words`."""

SAME = {
    "grad": "gradient", "grads": "gradient", "gradients": "gradient", "norms": "norm",
    "gradnorm": "gradient norm", "lr": "learning rate", "learningrate": "learning rate",
    "losses": "loss", "trainloss": "loss", "steps": "step", "iterations": "iteration",
    "iters": "iter", "globalstep": "global step",
}  # fmt: skip

NO_MATTER = {
    "train",
    "training",
    "trainer",
    "metrics",
    "total",
    "mean",
    "l2",
    "unclipped",
    "2",
    "0",
}
"""Words that say nothing about which of the four a column is."""

OTHERS = {
    "val", "valid", "validation", "eval", "test", "dev", "min", "max", "best", "clip", "clipped",
    "scale", "epoch",
}  # fmt: skip
"""Words of a column that is something else."""


def _words(name: str) -> list[str]:
    """The words of a name. W&B puts the run's name in front: "run-name - train/loss"."""
    name = name.rsplit(" - ", 1)[-1]
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words: list[str] = re.findall(r"[a-z]+|[0-9]+", name.lower())
    return [SAME.get(word, word) for word in words]


def _rank(role: str, name: str) -> int | None:
    """How well a name fits a role, 0 best; None if it does not."""
    words = _words(name)
    known = NAMES[role]
    if role == "step":
        written = " ".join(word for word in words if word not in NO_MATTER)
        return known.index(written) if written in known else None
    if OTHERS.intersection(words):
        return None
    written = " ".join(word for word in words if word not in NO_MATTER)
    if written in known:
        trained = bool({"train", "training"}.intersection(words))
        return 2 * known.index(written) + (not trained)
    rest = " ".join(words)
    whole = [rf"\b{re.escape(one)}\b" for one in known if one != "value" and one != "rate"]
    return 100 + len(words) if any(re.search(one, rest) for one in whole) else None


def choose(names: Sequence[str], given: Columns) -> tuple[Columns, list[str]]:
    """The column of each kind, and the kinds for which several columns fit and none was taken.

    Raises:
        LogError: if a given name is not there, or no column, or more than one, may be the loss.
    """
    chosen: dict[str, str | None] = {}
    unclear = []
    for role, name in given._asdict().items():
        if name is not None:
            chosen[role] = _given(role, name, names)
            continue
        free = [one for one in names if one not in given]
        ranks = {one: rank for one in free if (rank := _rank(role, one)) is not None}
        best = [one for one, rank in ranks.items() if rank == min(ranks.values())]
        if role == "loss" and len(best) != 1:
            raise _no_loss(names, best)
        if len(best) > 1 and role == "gradient_norm":
            unclear.append(role)
            best = []
        chosen[role] = best[0] if best else None
    return Columns(**chosen), unclear


def _given(role: str, name: str, names: Sequence[str]) -> str:
    if name in names:
        return name
    folded = [one for one in names if one.strip().lower() == name.strip().lower()]
    if len(folded) == 1:
        return folded[0]
    near = difflib.get_close_matches(name, names, n=1)
    raise LogError(
        f"There is no column {name!r} ({OPTIONS[role]})."
        + (f" Did you mean {near[0]!r}?" if near else "")
        + f" The columns are {listed(names)}.",
        f"Tidak ada kolom {name!r} ({OPTIONS[role]})."
        + (f" Mungkin maksud Anda {near[0]!r}?" if near else "")
        + f" Kolom yang ada: {listed(names)}.",
    )


def _no_loss(names: Sequence[str], several: list[str]) -> LogError:
    if several:
        ask = Text(*(said.format(example=repr(several[0])) for said in UNREADABLE["say which"]))
        return unreadable("several losses", names=listed(several), ask=ask)
    return unreadable("no loss", names=listed(names), ask=UNREADABLE["say one"])


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, shortened, without characters that a terminal would obey."""
    names = list(names)
    shown = [ascii(n[:40]) if not n.isprintable() else repr(n[:40]) for n in names[:most]]
    return ", ".join(shown) + (", …" if len(names) > most else "") if shown else "-"
