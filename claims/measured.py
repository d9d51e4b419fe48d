"""Measure a page's statements as this process computes: ``python -m claims.measured PAGE``."""

import json
import sys

from claims.portable import measure

if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
