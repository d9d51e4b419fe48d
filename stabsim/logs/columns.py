"""Which column of a log holds what: judged by its name and its first cells, or given."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim.logs.cells import Numbers, numbers
from stabsim.logs.source import LogError, unreadable
from stabsim.logs.words import UNREADABLE


class Columns(NamedTuple):
    """The names of the columns that a diagnosis reads; None for one that is not there."""

    loss: str | None = None
    step: str | None = None
    gradient_norm: str | None = None
    learning_rate: str | None = None
    validation_loss: str | None = None


OPTIONS = {
    "loss": "--loss",
    "step": "--step",
    "gradient_norm": "--gradient-norm",
    "learning_rate": "--learning-rate",
    "validation_loss": "--validation-loss",
}
"""The option that names each."""


class Choice(NamedTuple):
    """What one run of a log is read from.

    Attributes:
        columns: the column of each role.
        run: which run or which loss of the log it is; "" if the log has but one.
        axis: what the steps count: "step", "epoch", "tokens" or "row".
        objective: "falls", "rl", "gan", "sum" or "held out": see :class:`stabsim.logs.log.Log`.
        more: columns that are read beside: "scale", "sharpness", "threshold", "reward" and "kl",
            "changes: NAME" for one whose changes of value are kept, and "clock" for the epoch by
            which it is seen where numbered rows start anew.
        notes: reasons of :data:`stabsim.logs.words.LOGS` that hold for the choice.
        dense: whether the first records have a loss each, up to the last loss among them.
    """

    columns: Columns
    run: str
    axis: str
    objective: str
    more: dict[str, str]
    notes: list[str]
    dense: bool = False

    @property
    def read(self) -> dict[str, str]:
        """The name of each column that is read, by its role."""
        named = {role: name for role, name in self.columns._asdict().items() if name is not None}
        return named | self.more


NAMES = {
    "loss": ["loss", "loss step", "batch loss", "loss batch", "step loss", "nll", "nll loss",
             "lm loss", "cross entropy loss", "cross entropy", "ce loss", "cost", "objective",
             "value"],
    "step": ["global step", "step", "current step", "completed step", "iteration", "iter", "it",
             "num updates", "updates", "update", "num steps", "timesteps", "num timesteps", "batch",
             "index", "tokens", "num tokens", "num input tokens seen", "tokens seen",
             "consumed tokens", "samples", "consumed samples", "total step", "total timesteps",
             "time total timesteps", "epoch", ""],
    "gradient_norm": ["gradient norm", "norm gradient", "gnorm", "g norm"],
    "learning_rate": ["learning rate", "rate"],
}  # fmt: skip
"""The names by which each is known, best first, in the words of :func:`_words`."""

SAME = {
    "grad": "gradient", "grads": "gradient", "gradients": "gradient", "norms": "norm",
    "gradnorm": "gradient norm", "lr": "learning rate", "learningrate": "learning rate",
    "losses": "loss", "trainloss": "loss", "steps": "step", "iterations": "iteration",
    "iters": "iter", "globalstep": "global step", "seqlen": "sequence length", "seq": "sequence",
    "len": "length", "rewards": "reward", "rew": "reward", "return": "reward", "bsz": "batch size",
    "epochs": "epoch", "crossentropyloss": "cross entropy loss", "crossentropy": "cross entropy",
    "xent": "cross entropy",
}  # fmt: skip

METRICS = ["rmse", "mse", "l2", "logloss", "mlogloss", "binary logloss", "multi logloss",
           "poisson nloglik", "gamma nloglik", "gamma deviance", "rmsle", "mae", "l1", "mape",
           "huber", "fair", "quantile", "poisson", "gamma", "tweedie", "error", "merror",
           "binary error", "multi error"]  # fmt: skip
"""What boosted trees print in place of a loss, each with the set of rows that it was taken on."""

TRAINED = {"train", "training", "learn"}
"""Words of what was taken on the rows that are trained on."""

NO_MATTER = {"train", "training", "trainer", "metrics", "total", "mean", "l2", "unclipped", "2",
             "0"}  # fmt: skip
"""Words that say nothing about which of them a column is."""

HELD_OUT = {"val", "valid", "validation", "validate", "eval", "test", "dev"}
"""Words of a loss on data that is not trained on."""

OTHERS = {"min", "max", "best", "clip", "clipped", "scale", "epoch", "config", "aux", "auxiliary",
          "z", "balance", "balancing", "weight", "coef", "coeff", "std"}  # fmt: skip
"""Words of a column that is something else."""

CHANGES = {"batch size", "sequence length", "context length", "curriculum", "stage", "data stage"}
"""What explains a change of the loss where its own value changes."""

OFTEN = 0.1
"""... unless it changes at more than this share of the records."""

MEASURED = {"sharpness", "threshold"}
"""The columns that ``stabsim.probe`` writes: roles of their own."""

PART, METRIC = 100, 200
"""How well the names of parts of a loss fit, and those of metrics in its place: by so much worse,
and by so much."""

PARTS = 12
"""Of so many losses at most, none of them a total, each is read."""


def _words(name: str) -> list[str]:
    """The words of a name. W&B puts the run's name in front: "run-name - train/loss"."""
    name = name.rsplit(" - ", 1)[-1].replace("'s ", " ")
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words: list[str] = re.findall(r"\bl[12]\b|[a-z]+|[0-9]+", name.lower().replace("_", " "))
    return " ".join(SAME.get(word, word) for word in words).split()


def _written(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word not in NO_MATTER)


def _rank(role: str, name: str) -> int | None:
    """How well a name fits a role, 0 best; None if it does not."""
    words = _words(name)
    if role == "step":
        known = NAMES["step"]
        if not words:  # the index that pandas writes has no name, and spaCy's step is "#"
            return known.index("") if name in ("", "#") else None
        written = " ".join(word for word in words if word not in NO_MATTER - {"total"})
        # W&B's own "_step" counts the calls to its log, not the trainer's steps.
        return known.index(written) + 5 * name.startswith("_") if written in known[:-1] else None
    if role == "validation_loss":
        if not HELD_OUT.intersection(words) or "step" in words:
            return None
        if (metric := _metric(words)) is not None:
            return metric
        return _rank("loss", " ".join(w for w in words if w not in HELD_OUT | {"epoch"}))
    if (HELD_OUT | OTHERS).intersection(words):
        return None
    known, written = NAMES[role], _written(words)
    trained = bool(TRAINED.intersection(words))
    if written in known:
        return 2 * known.index(written) + (not trained)
    if role == "loss" and trained and (metric := _metric(words)) is not None:
        return metric
    rest = " ".join(words)
    whole = [rf"\b{re.escape(one)}\b" for one in known if one != "value" and one != "rate"]
    return PART + len(words) if any(re.search(one, rest) for one in whole) else None


def _metric(words: list[str]) -> int | None:
    """How well a name says by what boosted trees are judged; None if it does not."""
    written = " ".join(w for w in words if w not in HELD_OUT | TRAINED and not w.isdigit())
    return METRIC + METRICS.index(written) if written in METRICS else None


def is_boosted(name: str) -> bool:
    """Whether a loss that was chosen is what boosted trees print."""
    return _metric(_words(name)) is not None


def is_held_out(name: str) -> bool:
    """Whether a name is that of what was taken on data that is not trained on."""
    return bool(HELD_OUT.intersection(_words(name)))


def is_set(name: str) -> bool:
    """Whether a name is that of a set of rows, for training or held out."""
    return bool((HELD_OUT | TRAINED).intersection(_words(name)))


def is_step(name: str) -> bool:
    """Whether a column of this name may hold the step."""
    return _rank("step", name) is not None and "epoch" not in _words(name)


def is_loss(name: str) -> bool:
    """Whether a column of this name may be a loss."""
    return _rank("loss", name) is not None or _rank("validation_loss", name) is not None


class _Head:
    """The first cells of a log by their column, as numbers, each converted when it is asked for."""

    def __init__(self, cells: Mapping[str, Sequence[Any]], free: Iterable[str]) -> None:
        self.cells, self.free, self._read = cells, list(free), dict[str, Numbers]()

    def of(self, name: str) -> Numbers:
        if name not in self._read:
            self._read[name] = numbers(self.cells[name])
        return self._read[name]

    def count(self, name: str) -> int:
        return int(self.of(name).present.sum())

    def varies(self, name: str) -> bool:
        """Whether it has more than one value; NaN is one."""
        found = self.of(name)
        return np.unique(found.value[found.present]).size > 1

    def ranked(self, role: str) -> dict[str, int]:
        return {one: rank for one in self.free if (rank := _rank(role, one)) is not None}

    def often(self, ranks: Mapping[str, int]) -> dict[str, int]:
        """Those with at least half as many values as any: a summary at the end has but one."""
        most = max(map(self.count, ranks), default=0)
        return {one: rank for one, rank in ranks.items() if 2 * self.count(one) >= most}


def choose(
    cells: Mapping[str, Sequence[Any]],
    given: Columns,
    *,
    stepped: bool = False,
    numbered: bool = False,
) -> list[Choice]:
    """What each run of a log is read from: of most logs one.

    A log has several if a column a run is named as W&B's charts name them ("run - loss"), or if it
    has several losses and none of them is the total.

    Args:
        cells: the first cells of each column, with None for an empty one: equally many of each.
        given: the columns that are named.
        stepped: whether each record has a step of its own, outside of the columns.
        numbered: whether the records are to be numbered, whatever steps there are.
    Raises:
        LogError: if a given name is not there, or no column may be the loss.
    """
    named = {
        role: _given(role, name, list(cells))
        for role, name in given._asdict().items() if name is not None
    }  # fmt: skip
    runs = _runs(list(cells)) if "loss" not in named else []
    found = []
    for run in runs or [""]:
        free = [
            name for name in cells
            if name not in named.values() and (not run or _run(name) in ("", run))
        ]  # fmt: skip
        found += _choices(_Head(cells, free), named, run, stepped, numbered)
    return found


def _run(name: str) -> str:
    return name.rpartition(" - ")[0]


def _runs(names: list[str]) -> list[str]:
    """The runs that have a loss each, by the names of W&B's charts; none if there is but one."""
    runs = dict.fromkeys(_run(name) for name in names if _rank("loss", name) is not None)
    return [run for run in runs if run] if len([run for run in runs if run]) > 1 else []


def _choices(
    head: _Head, named: dict[str, str], run: str, stepped: bool, numbered: bool
) -> list[Choice]:
    notes: list[str] = []
    losses = [named["loss"]] if "loss" in named else _losses(head, notes)
    beside: dict[str, str] = {}
    ranks = head.often(head.ranked("gradient_norm"))
    best = [one for one, rank in ranks.items() if rank == min(ranks.values())]
    if len(best) > 1:
        notes.append("several: gradient_norm")
    elif best:
        beside["gradient_norm"] = best[0]
    ranks = head.often(head.ranked("learning_rate"))
    if ranks:
        beside["learning_rate"] = min(ranks, key=lambda one: ranks[one])
    beside |= named
    kind = objective(list(head.cells))
    if is_boosted(losses[0]):
        notes.append("rounds")
        kind = "held out" if is_held_out(losses[0]) else kind
    found = []
    for loss in losses:
        held_out = _held_out(head, losses, loss)
        chosen = ({"validation_loss": held_out} if held_out else {}) | beside | {"loss": loss}
        if (
            not (numbered or stepped or "step" in chosen)
            and (step := _step(head, loss)) is not None
        ):
            chosen["step"] = step
        axis = "row" if numbered else "step" if stepped else _axis(chosen.get("step"), head, chosen)
        label = ": ".join(one for one in (run, loss if len(losses) > 1 else "") if one)
        columns = Columns(**chosen)
        there = np.flatnonzero(head.of(loss).present)
        dense = there.size > 1 and there[-1] == there.size - 1
        more = _more(head, columns, kind)
        if columns.step is None and not stepped:
            clocks = [one for one in head.free if _written(_words(one)) == "epoch"]
            more |= {"clock": clocks[-1]} if clocks else {}
        found.append(Choice(columns, label, axis, kind, more, notes, dense))
    return found


def _held_out(head: _Head, losses: list[str], loss: str) -> str | None:
    """The validation loss that belongs to a loss: of several losses that with the same words."""
    ranks = {one: rank for one, rank in head.ranked("validation_loss").items() if one not in losses}
    own = {*_words(loss)} - {"train", "training"}
    alike = [one for one in ranks if {*_words(one)} - HELD_OUT == own]
    if alike or not ranks or len(losses) > 1:
        return alike[0] if alike else None
    ranks = head.often(ranks)
    return min(ranks, key=lambda one: ranks[one])


def _losses(head: _Head, notes: list[str]) -> list[str]:
    """The loss; or each of several, if none is their total."""
    ranks = head.ranked("loss")
    if not ranks:  # means of epochs, for want of others
        ranks = {
            one: rank for one in head.free
            if "epoch" in (words := _words(one)) and not HELD_OUT.intersection(words)
            and (rank := _rank("loss", " ".join(w for w in words if w != "epoch"))) is not None
        }  # fmt: skip
    if not ranks and (ranks := head.ranked("validation_loss")):
        notes.append("validation only")
    if not ranks:
        raise _no_loss(list(head.cells))
    often = list(head.often(ranks))
    best = min(ranks[one] for one in often)
    if not PART <= best < METRIC:
        fit = [one for one in often if ranks[one] == best]
        return [min(fit, key=lambda one: len(_words(one)))]
    parts = [one for one in often if ranks[one] < METRIC]
    several = [one for one in parts if head.varies(one)] or parts[:1]
    return several[:PARTS]


def _step(head: _Head, loss: str) -> str | None:
    """The best column whose values, where the loss has one, are there, change, and do not fall."""
    there = head.of(loss).present
    ranks = head.ranked("step")
    for name in sorted(ranks, key=lambda one: ranks[one]):
        counted = numbers(head.cells[name], counted=True)
        step = counted.value[there & counted.present]
        if 2 * step.size < there.sum() or (step.size > 1 and np.unique(step).size == 1):
            continue
        if _words(name) == ["epoch"]:
            if np.isfinite(step).all() and (step == np.round(step)).all() and np.diff(step).all():
                return name
        elif not _restarts_with_epoch(head, there & counted.present, step):
            return name
    return None


def _restarts_with_epoch(head: _Head, rows: np.ndarray, step: np.ndarray) -> bool:
    """Whether the step is one within an epoch: it goes back where the epoch goes on."""
    for name in head.free:
        if _words(name) == ["epoch"] and step.size > 1:
            epoch = head.of(name).value[rows]
            back = np.diff(step) < 0
            return bool(back.any() and (np.diff(epoch)[back] > 0).all())
    return False


def _axis(step: str | None, head: _Head, columns: dict[str, str]) -> str:
    words = _words(step) if step is not None else []
    if "epoch" in words:
        return "epoch"
    if "tokens" in words:
        return "tokens"
    if words:
        return "step"
    if step is not None and step.isdigit():
        return "step"
    held = columns.get("validation_loss")
    if held is not None and held != columns["loss"] and not is_boosted(columns["loss"]):
        losses = head.of(columns["loss"]).present
        if losses.sum() > 1 and head.of(held).present[losses].all():
            return "epoch"  # validated at every record, as after an epoch
    return "row"


def _more(head: _Head, columns: Columns, kind: str) -> dict[str, str]:
    more: dict[str, str] = {}
    for name in sorted(head.free, key=head.count, reverse=True):
        if name in columns:
            continue
        words = _words(name)
        written = _written(words)
        if "scale" in words and {"loss", "gradient", "scaler"}.intersection(words) | (
            {"scale"} if written == "scale" else set()
        ):
            more.setdefault("scale", name)
        elif any(written.endswith(one) for one in CHANGES) and "config" not in words:
            there = head.of(name)
            turns = np.count_nonzero(np.diff(there.value[there.present]))
            if turns > max(1, OFTEN * head.count(name)):
                continue  # a size that is never the same is no plan
            more[f"changes: {name}"] = name
        elif written in MEASURED:
            more.setdefault(written, name)
        elif kind == "rl" and "reward" in words and "std" not in words and head.varies(name):
            more.setdefault("reward", name)
        elif kind == "rl" and "kl" in words and "coef" not in words and head.varies(name):
            more.setdefault("kl", name)
    return more


def objective(names: Sequence[str]) -> str:
    """What the loss of a log with such columns measures: "falls", "rl", "gan" or "sum"."""
    words = [_words(name) for name in names]
    preferred = any("reward" in some and {"chosen", "rejected", "margins"} & {*some}
                    for some in words)  # fmt: skip
    if not preferred and any("reward" in some or {"actor", "critic"} <= {*some} for some in words):
        return "rl"
    every = {word for some in words if "loss" in some for word in some}
    if {"actor", "critic"} <= every:
        return "rl"
    if {"generator", "discriminator"} <= every or {"g", "d"} <= every or {"gen", "disc"} <= every:
        return "gan"
    spacy = "score" in names and any(name.startswith("losses/") for name in names)
    if spacy or {"E", "#", "SCORE"} <= {*names}:
        return "sum"  # spaCy, its log and its console: sums since the last line
    return "falls"


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


def _no_loss(names: Sequence[str]) -> LogError:
    return unreadable("no loss", names=listed(names), ask=UNREADABLE["say one"])


def plain(name: str) -> str:
    """A name without characters that a terminal would obey."""
    return name if name.isprintable() else ascii(name)


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, without characters that a terminal would obey."""
    names = list(names)
    shown = [ascii(name) if not name.isprintable() else repr(name) for name in names[:most]]
    return ", ".join(shown) + (", …" if len(names) > most else "") if shown else "-"
