"""Claims of the playbook and of later papers, each as an experiment over seeds.

A claim is a function from seeds to an :class:`claims.outcome.Outcome`; its docstring is what is
claimed, in English and in Indonesian. Its seeds are not the ones that its workload was chosen on.
"""

from claims.batch import BATCH
from claims.curvature import EDGES
from claims.figures import FIGURES, figure_4, figure_5
from claims.fixes import FIXES
from claims.half import HALF
from claims.rules import RULES
from claims.transformers import TRANSFORMERS
from claims.width import WIDTH

CONVOLUTIONAL = {figure_4, figure_5}
"""The claims on convolutional networks; all others are on dense ones."""

CLAIMS = [*FIGURES, *FIXES, *EDGES, *BATCH, *TRANSFORMERS, *HALF, *WIDTH, *RULES]
