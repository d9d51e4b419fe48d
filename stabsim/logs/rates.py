"""The learning rate of a run, from where its owner wrote it down."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stabsim._extras import extra

if TYPE_CHECKING:
    from stabsim.logs.log import Log

KEYS = ("learning_rate", "lr", "base_lr", "peak_lr", "max_lr", "lr0", "learning-rate", "eta")
"""What a configuration calls the rate, the plainest name first."""

SOURCES = ("log", "config", "name")
"""Where a rate may stand: in the log's own column, in a configuration beside it, in its name."""

CONFIGS = (
    "config.json", "args.json", "training_args.json", "hparams.json", "params.json",
    "hparams.yaml", "config.yaml", ".hydra/config.yaml", "files/config.yaml", "args.yaml",
)  # fmt: skip
"""What configurations are called: by transformers' users, Lightning, W&B, Ray, Hydra, timm."""

LARGEST = 1 << 20
"""A file of more bytes is no configuration."""

IN_NAME = re.compile(
    r"(?:^|[^a-z])(?:lr|eta|learning[-_ ]?rate)[-_=: ]?(\d*\.?\d+(?:e[-+]?\d+)?)", re.IGNORECASE
)
"""A rate in a name, as in "lr0.1", "adam-lr=1e-3" or "learning_rate_3e-4"."""


def rate_of(log: "Log", source: str | None = None) -> float | None:
    """The learning rate that a run was given; None if it cannot be found.

    In the order of :data:`SOURCES`: the largest rate that the log holds, which a warmup
    reaches and a decay leaves; the rate in a configuration in the log's folder or the one
    above; the rate in the run's or the file's name.

    Args:
        log: the log of the run.
        source: where to look, of :data:`SOURCES`; everywhere if not given.
    """
    ways = {"log": _in_log, "config": _in_config, "name": _in_name}
    for name in SOURCES if source is None else (source,):
        rate = ways[name](log)
        if rate is not None and 0 < rate < float("inf"):
            return rate
    return None


def _in_log(log: "Log") -> float | None:
    blocks = log.learning_rate.value.blocks()
    return max((float(block.max()) for block in blocks if block.size), default=None)


def _in_name(log: "Log") -> float | None:
    for name in (log.run, *reversed(Path(log.name).parts)):
        if found := IN_NAME.search(name):
            return float(found[1])
    return None


def _in_config(log: "Log") -> float | None:
    path = Path(log.name)
    for folder in (path.parent, path.parent.parent):
        for name in CONFIGS:
            rates = [rate for rate in _rates(_parsed(folder / name)) if rate is not None]
            if rates:
                return rates[0]
    return None


def _parsed(file: Path) -> Any:
    """What a configuration holds; None if there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        if file.stat().st_size > LARGEST:
            return None
        text = file.read_text(encoding="utf8", errors="replace")
        if file.suffix == ".json":
            return json.loads(text)
        with extra("configs"):
            import yaml
        with contextlib.suppress(yaml.YAMLError):
            return yaml.safe_load(text)
    return None


def _rates(config: Any) -> Iterator[float | None]:
    """The numbers whose name is a learning rate's, the plainest name first, outermost first.

    W&B writes ``{"learning_rate": {"desc": null, "value": 0.1}}``.
    """
    if not isinstance(config, dict):
        return
    for key in KEYS:
        value = config.get(key)
        yield _number(value.get("value") if isinstance(value, dict) else value)
    for value in config.values():
        yield from _rates(value)


def _number(value: Any) -> float | None:
    """A number, also one that YAML 1.1 takes for text, as 1e-3 without a point."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
