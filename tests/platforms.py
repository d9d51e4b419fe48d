"""Run every notebook as Colab and Binder would: python -m tests.platforms [PLATFORM ...].

Each platform is a new environment. Colab's holds what Colab has, and the notebooks' own first cell
installs stabsim into it, from this folder's last commit; Binder's is made from binder/ as
repo2docker does. Then every notebook runs from its first cell to its last, and every lab and
exercise in it is moved as a reader moves it, by events of its widgets.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from book import BUILD, LANGUAGES, ROOT, notebooks
from book.repository import Place

HERE = BUILD / "platforms"
COLAB = ROOT / "tests/colab.txt"

RUN = """
import sys
import nbclient, nbformat

file, extra = sys.argv[1:]
book = nbformat.read(file, 4)
book.cells.append(nbformat.v4.new_code_cell(extra))
client = nbclient.NotebookClient(book, timeout=900, kernel_name="python3")
client.execute()
print(book.cells[-1].outputs[-1]["text"].strip())
"""

MOVED = """
def moved(name):
    lab = ss.labs.show(name).widget()
    assert lab.wait(600)
    # As the browser tells the kernel of a slider that was moved, or of a choice in a menu.
    field = list(lab._fields.values())[-1]
    if hasattr(field, "children"):
        field = field.children[0]
        key, now, last = "value", field.value, field.max
    else:
        key, now, last = "index", field.index, len(field.options) - 1
    new = now + (1 if now < last else -1)
    field._handle_msg({{"buffers": [], "content": {{"data": {{
        "method": "update", "state": {{key: new}}, "buffer_paths": [],
    }}}}}})
    assert lab.wait(600)
    drawn = any("role" in picture.value for picture in lab._pictures)
    return getattr(field, key) == new and lab.runs >= 2 and drawn

from stabsim._words import default_language

labs = {labs}
assert all(map(moved, labs)), labs
print(len(labs), "labs moved,", default_language())
"""


def run(*command: object, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def environment(name: str, python: str, *requirements: object) -> Path:
    """The interpreter of a new environment."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    run(python, "-m", "venv", folder)
    own = folder / "bin/python"
    run(own, "-m", "pip", "install", "--quiet", *requirements)
    return own


def colab(python: str) -> tuple[Path, Path]:
    """Colab's packages, and notebooks whose first cell has stabsim still to install."""
    own = environment("colab", python, "-r", COLAB)
    run(own, "-m", "pip", "install", "--quiet", "nbclient")  # drives the kernel from outside
    written = HERE / "colab-notebooks"
    # pip takes a requirement's address only with a host.
    here = Place(f"file://localhost{ROOT}")
    for language in LANGUAGES:
        notebooks.write(written / language, language, here)
    return own, written


def binder(python: str) -> tuple[Path, Path]:
    """What repo2docker does with binder/."""
    own = environment("binder", python, "-r", ROOT / "binder/requirements.txt")
    written = HERE / "binder-notebooks"
    shutil.rmtree(written, ignore_errors=True)
    run(own, "-m", "book", "notebooks", written)
    return own, written


def labs_of(file: Path) -> list[str]:
    text = "\n".join("".join(c["source"]) for c in json.loads(file.read_text())["cells"])
    return list(dict.fromkeys(re.findall(r'labs\.show\(\s*"(\w+)"', text)))


def unchanged(own: Path) -> None:
    """Nothing that Colab has was replaced."""
    have = set(run(own, "-m", "pip", "freeze").splitlines())
    given = {line for line in COLAB.read_text().splitlines() if not line.startswith("#")}
    assert given <= have, f"installing stabsim replaced {sorted(given - have)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("platforms", nargs="*", help="colab, binder; both if none is given")
    parser.add_argument("--colab-python", default="python3.12", help="Colab's Python, 3.12")
    chosen = parser.parse_args()
    makers = {"colab": (colab, chosen.colab_python), "binder": (binder, sys.executable)}
    HERE.mkdir(parents=True, exist_ok=True)
    script = HERE / "run.py"
    script.write_text(RUN)
    for name in chosen.platforms or makers:
        make, python = makers[name]
        own, written = make(python)
        for file in sorted(written.rglob("*.ipynb")):
            start = time.perf_counter()
            extra = MOVED.format(labs=labs_of(file))
            said = run(own, script, file, extra, cwd=written)
            seconds = time.perf_counter() - start
            print(
                f"{name} {file.relative_to(written)}: {said.strip()}, {seconds:.0f} s", flush=True
            )
        if name == "colab":
            unchanged(own)


if __name__ == "__main__":
    main()
