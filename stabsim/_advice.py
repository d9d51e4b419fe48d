"""What the playbook advises from numbers alone: where to clip, and how long to warm up."""

from stabsim import _check

LARGEST_WARMUP = 0.1
"""The longest warmup worth trying, as a share of max_train_steps."""

AGGRESSIVE = 0.5
"""Clipping more than this share of the updates is in essence a smaller learning rate."""


def warmup_candidates(max_train_steps: int) -> list[int]:
    """Warmup lengths at different orders of magnitude, up to 10% of ``max_train_steps``.

    Raises:
        ValueError: if max_train_steps is below 10, which leaves no length to try.
    Examples:
        >>> warmup_candidates(20_000)
        [10, 100, 1000, 2000]
    """
    _check.count("max_train_steps", max_train_steps, least=10)
    largest = int(LARGEST_WARMUP * max_train_steps)
    tens = [10**k for k in range(1, 10) if 10**k < largest]
    return [*tens, largest]
