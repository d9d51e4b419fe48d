"""The README's example does what the README shows."""

import re
import subprocess
import sys
from pathlib import Path

import vl_convert

ROOT = Path(__file__).parent.parent


def labels(svg):
    return sorted(re.findall(r"<text[^>]*>([^<]+)</text>", svg))


def test_example_prints_and_draws_what_is_shown(tmp_path):
    text = (ROOT / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)
    printed = re.search(r"```text\n(.*?)```", text, re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line]) <= 10
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == printed.strip()
    page = (tmp_path / "sweep.html").read_text()
    spec = re.search(r"var spec = (\{.*\});$", page, re.MULTILINE).group(1)
    assert labels(vl_convert.vegalite_to_svg(spec)) == labels(
        (ROOT / "docs" / "sweep.svg").read_text()
    )


def test_a_newcomer_asks_for_no_more_than_the_readme_says():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
