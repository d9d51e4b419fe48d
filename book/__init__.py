"""The frame of the book: languages, assets, pages. `python -m book` builds the site."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
SITE = BUILD / "site"

LANGUAGES = {"en": "English", "id": "Bahasa Indonesia"}
"""The languages of the book by code, the first being the one the others are written against."""
