"""The playbook's claims, each as an experiment over seeds.

A claim is a function from seeds to an :class:`Outcome`; its docstring is what is claimed, in
English and in Indonesian. Its seeds are not the ones that its workload was chosen on.
"""

from claims.batch import BATCH
from claims.curvature import EDGES
from claims.figures import FIGURES
from claims.fixes import FIXES

CLAIMS = [*FIGURES, *FIXES, *EDGES, *BATCH]
