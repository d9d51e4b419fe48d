"""What git says of the project's folder: where it is published, and at which commit it stands."""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from book import ROOT

FOLDER = "notebooks"
"""Where the notebooks lie beside a language's pages."""

BRANCH = "notebooks"
"""The branch of the repository that holds them alone, a folder a language, for Colab."""

GITHUB = re.compile(
    r"(?:(?:https?|ssh|git)://)?(?:[^@/\s]+@)?(?:(?:www|ssh)\.)?github\.com(?::\d+/|[:/])/?"
    r"(?P<owner>[\w-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)
"""An address on GitHub in any form that git takes, whoever signs in."""


@dataclass(frozen=True)
class Place:
    """Where the project is published, all of it from its repository's address."""

    repository: str

    @property
    def path(self) -> str:
        """OWNER/NAME."""
        return "/".join(self.repository.split("/")[-2:])

    @property
    def pages(self) -> str:
        """The published site."""
        owner, name = self.path.split("/")
        site = f"{owner}.github.io".lower()
        return f"https://{site}" if name.lower() == site else f"https://{site}/{name}"

    def launch(self, language: str, page: str, cell: str = "") -> dict[str, str]:
        """What opens a page's notebook in Colab, and in Binder, which makes it in postBuild.

        Args:
            language: "en" or "id".
            page: the chapter.
            cell: the id of the cell to scroll to; the notebook's head if not given.
        """
        return {
            "Colab": f"https://colab.research.google.com/github/{self.path}/blob/{BRANCH}/"
            f"{language}/{page}.ipynb" + (f"#scrollTo={cell}" if cell else ""),
            "Binder": f"https://mybinder.org/v2/gh/{self.path}/HEAD?urlpath=lab/tree/"
            f"{FOLDER}/{language}/{page}.ipynb" + (f"%23cell-id%3D{cell}" if cell else ""),
        }


def on_github(address: str) -> Place | None:
    """The place that an address of git's names; none if it is not on GitHub.

    Only GitHub's repositories are opened by Colab, and only its pages have the address above.
    """
    found = GITHUB.fullmatch(address.strip())
    return Place(f"https://github.com/{found['owner']}/{found['name']}") if found else None


@cache
def place(root: Path = ROOT) -> Place | None:
    """Where the project is published: as _config.yml says, else where ``origin`` is.

    Args:
        root: the project's folder.
    Returns:
        None if neither names a repository on GitHub: nobody can open this copy elsewhere.
    Raises:
        ValueError: if _config.yml names something else.
    """
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))
    if given := (config.get("repository") or {}).get("url"):
        if not (named := on_github(given)):
            raise ValueError(
                f"repository.url in _config.yml must be like https://github.com/OWNER/NAME, "
                f"not {given!r}."
            )
        return named
    return on_github(_git(root, "remote", "get-url", "origin") or "")


def site(root: Path = ROOT) -> str:
    """The address of the published site: of this copy where it is on GitHub, else of releases."""
    if where := place(root):
        return where.pages
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))["project"]
    return project["urls"]["Homepage"]


def commit(root: Path = ROOT) -> str | None:
    """The commit that the folder holds, in short; none if something in it differs."""
    if _git(root, "status", "--porcelain") != "":
        return None
    return _git(root, "rev-parse", "--short", "HEAD")


def _git(root: Path, *command: str) -> str | None:
    """What git prints; none if it fails, or if the folder is not a whole repository of its own."""

    def run(*words: str) -> str | None:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        # An archive unpacked inside another repository is not that repository.
        return run(*command) if run("rev-parse", "--show-prefix") == "" else None
    except FileNotFoundError:
        return None
