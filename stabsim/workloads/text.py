"""Real text: the descriptions of scikit-learn's data sets, which come with the digits."""

from functools import cache
from importlib.resources import files

import jax.numpy as jnp
import numpy as np

from stabsim.workloads.workload import Batch

ALPHABET = " abcdefghijklmnopqrstuvwxyz.,:()"
"""The characters that are kept; a token is a place in it."""

DESCRIPTIONS = (
    "breast_cancer", "california_housing", "covtype", "diabetes", "digits", "iris", "kddcup99",
    "lfw", "linnerud", "olivetti_faces", "rcv1", "species_distributions", "twenty_newsgroups",
    "wine_data",
)  # fmt: skip
"""The files that are read, in this order."""

TRAIN_SHARE = 0.9


def read(names: tuple[str, ...] = DESCRIPTIONS) -> str:
    """The descriptions as one text in ``ALPHABET``: small letters, one space between words.

    Raises:
        FileNotFoundError: if scikit-learn lacks one of them.
    """
    folder = files("sklearn.datasets") / "descr"
    if missing := [name for name in names if not (folder / f"{name}.rst").is_file()]:
        raise FileNotFoundError(
            f"scikit-learn's description of {missing[0]!r} is missing, which the text for "
            f"language models is made of. Install scikit-learn whole: "
            f"pip install --force-reinstall scikit-learn"
        )
    text = " ".join((folder / f"{name}.rst").read_text(encoding="utf8") for name in names)
    kept = "".join(c if c in ALPHABET else " " for c in text.lower())
    return " ".join(kept.split())


@cache
def _tokens() -> np.ndarray:
    place = {character: k for k, character in enumerate(ALPHABET)}
    return np.array([place[character] for character in read()], np.int32)


def text(context: int) -> tuple[Batch, Batch]:
    """The text in windows of ``context`` characters: the first nine tenths, and the rest.

    Inputs are ``(rows, context)`` places in ``ALPHABET``, targets the same one character later.
    The same release of scikit-learn gives the same text everywhere; another may have reworded it.

    References:
        Pedregosa et al., Scikit-learn: Machine Learning in Python (2011); BSD 3-clause.
    """
    tokens = _tokens()
    rows = (len(tokens) - 1) // context
    inputs, targets = (
        jnp.asarray(tokens[k : k + rows * context].reshape(rows, context)) for k in (0, 1)
    )
    cut = int(TRAIN_SHARE * rows)
    return Batch(inputs[:cut], targets[:cut]), Batch(inputs[cut:], targets[cut:])
