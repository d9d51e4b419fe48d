"""Lints the pages' JavaScript with biome, and checks its types with TypeScript."""

import subprocess
import sys

from book import BOOK
from book.assets import ENVIRONMENT, NODE, NPM, install

CHECKS = [
    ["@biomejs/biome/bin/biome", "ci", "--error-on-warnings"],
    ["typescript/bin/tsc", "--project", "."],
]
"""Scripts of packages, with what they are given; both print what is wrong."""


def main() -> int:
    """Run both; 0 if nothing is wrong."""
    install()
    modules = NPM / "node_modules"
    return max(
        subprocess.run([NODE, modules / script, *given], cwd=BOOK, env=ENVIRONMENT).returncode
        for script, *given in CHECKS
    )


if __name__ == "__main__":
    sys.exit(main())
