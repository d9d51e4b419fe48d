"""The frame of the book: languages, assets, pages. `python -m book` builds the site."""

import sys
from pathlib import Path

from stabsim._settings import LANGUAGES as CODES

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
SITE = BUILD / "site"

LANGUAGES = dict(zip(CODES, ("English", "Bahasa Indonesia"), strict=True))
"""The languages of the book by code, the first being the one the others are written against."""

NEEDLESS = "rfc3987_syntax"
"""What jsonschema imports where Jupyter is installed, and so Altair: a grammar of addresses.

It takes each process a second or two (rfc3987_syntax 1.1.0), and nothing here checks an address so.
"""

# Its import fails then, and jsonschema goes on without.
sys.modules.setdefault(NEEDLESS, None)  # type: ignore[arg-type]
