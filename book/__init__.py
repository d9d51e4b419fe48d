"""The frame of the book: languages, assets, pages. `python -m book` builds the site."""

from pathlib import Path

from stabsim._settings import LANGUAGES as CODES

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
SITE = BUILD / "site"

LANGUAGES = dict(zip(CODES, ("English", "Bahasa Indonesia"), strict=True))
"""The languages of the book by code, the first being the one the others are written against."""
