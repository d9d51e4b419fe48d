"""What to try next, in the playbook's order.

Against early instability that is warmup first, against sudden instability in the middle
clipping first; then another optimizer, the architecture, its initialization, and a lower rate
last. Source: Godbole et al., Deep Learning Tuning Playbook (2023), FAQ.
"""

CHECKS = ("sweep", "every-step")
"""What to try with a stable run, in order."""

EARLY_FIXES = ("warmup", "clipping", "optimizer", "architecture", "rezero", "lower-rate")
"""What to try against early instability, in order."""

MID_FIXES = ("clipping", "warmup", *EARLY_FIXES[2:])
"""What to try against instability in mid-training, in order."""

EXPERIMENTS = (*CHECKS, *EARLY_FIXES)
"""All that there are."""
