"""Scripts of the pages, run in Node."""

import json
import subprocess

from book import BOOK
from book.assets import NODE

READ = 'import { readFileSync } from "node:fs";\nconst given = JSON.parse(readFileSync(0));\n'
"""The first lines of a script that is given something."""


def in_node(script: str, given: object) -> object:
    """What a script, which reads ``given``, prints as JSON; its imports come from the labs."""
    text = script.replace('from "./', f'from "{BOOK}/web/parts/')
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", text], input=json.dumps(given), text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
