"""What to try next: the playbook's order, and what today's practice adds.

Against early instability warmup comes first, against sudden instability in the middle of a run
clipping; a warmup is over by then, and is not tried. Then another optimizer, the architecture, its
initialization, and a lower rate last. Source: Godbole et al., Deep Learning Tuning Playbook (2023),
FAQ. Where a run that was learning is not finite from one record to the next, the first number that
is not finite is looked for before that: clipping leaves a NaN a NaN. The sources of the practices
stand in their sentences: :data:`stabsim.logs.words.ADVICE`.
"""

CHECKS = ("sweep", "every-step")
"""What to try with a stable run, in order."""

EARLY_FIXES = ("warmup", "clipping", "optimizer", "architecture", "rezero", "lower-rate")
"""What to try against early instability, in order."""

MID_FIXES = ("clipping", *EARLY_FIXES[2:])
"""What to try against instability in mid-training, in order."""

SUDDEN_FIXES = ("first-nan", *MID_FIXES)
"""What to try where a run that was learning is not finite from one record to the next, in order."""

EXPERIMENTS = (*CHECKS, SUDDEN_FIXES[0], *EARLY_FIXES)
"""All experiments."""

PRACTICES = {
    "sudden": ("first-nan",),
    "spike": ("skip-batches", "beta2"),
    "climb": ("weight-decay",),
    "language": ("qk-norm", "z-loss"),
    "restart": ("rewarm",),
    "skipped": ("loss-scale",),
}
"""What today's practice adds, by what the log shows.

    sudden: a loss or norm is not finite, and nothing rose before.
    spike: the loss rose in mid-training.
    climb: the loss rose slowly.
    language: the run is unstable, and starts where a language model starts.
    restart: a restart of the rate explains a rise.
    skipped: norms are not finite in steps that a loss scaler skips.
"""

TRIED = tuple(
    dict.fromkeys((*EXPERIMENTS, *(name for names in PRACTICES.values() for name in names)))
)
"""What may have been tried already."""

LANGUAGE = (6.0, 13.0)
"""A language model starts near the logarithm of its vocabulary, in nats: 400 to 440,000 words."""
