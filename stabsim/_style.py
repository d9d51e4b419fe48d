"""How all figures look, whoever draws them."""

PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#9467BD"]
"""Okabe and Ito's colours, without black and yellow, which vanish on one background, and a violet
for a seventh."""

GREY = "#7F7F7F"
"""Axes, labels and rules: at least 4 to 1 against white and against near-black."""

TOP = 1e3
"""Curves are drawn up to this many times their first value."""
