"""The stages of a walk through the playbook."""

STAGES = ("sweep", "every-step", "above", "warmup", "clipping", "optimizer", "lower-rate",
          "comparison")  # fmt: skip
"""The stages of a walk, in the order of the playbook's FAQ."""

FIXES = STAGES[3:7]
"""Those that mend an instability."""
