"""Says what keeps a tag from being a release: python -m tests.release v0.1.0."""

import re
import sys
import tomllib
from pathlib import Path

import yaml

from book import ROOT


def wrong(tag: str, root: Path = ROOT) -> list[str]:
    """What is to be put right before a tag is published; nothing if all agrees with it."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))["project"][
        "version"
    ]
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf8"))["version"]
    changes = (root / "CHANGELOG.md").read_text(encoding="utf8")
    said = []
    if tag != f"v{version}":
        said.append(f"The tag is {tag}, but pyproject.toml has version {version}: v{version}.")
    if cited != version:
        said.append(f"CITATION.cff has version {cited}: it must be {version}.")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE):
        said.append(f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD'.")
    return said


if __name__ == "__main__":
    sys.exit("\n".join(wrong(sys.argv[1])) or None)
