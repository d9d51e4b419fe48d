"""Test one claim as this process computes: ``python -m claims.once NAME`` prints the outcome."""

import json
import sys

from claims import CLAIMS
from claims.outcome import SEEDS
from claims.recorded import plain

if __name__ == "__main__":
    (claim,) = (claim for claim in CLAIMS if claim.__name__ == sys.argv[1])
    print(json.dumps(plain(claim(SEEDS))))
