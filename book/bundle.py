"""The book in one archive, for a room without internet."""

import zipfile
from pathlib import Path

from book import BOOK, BUILD, LANGUAGES, SITE

BUNDLE = BUILD / "stabsim-book.zip"
FOLDER = "stabsim-book"


def pack(site: Path = SITE, archive: Path = BUNDLE) -> Path:
    """Put a built site, its server and the instructions into one archive.

    Args:
        site: the built site, with a folder for each language.
        archive: the archive to write; an old one is replaced when the new one is whole.
    Returns:
        The archive.
    Raises:
        FileNotFoundError: if the site is not built in every language.
    """
    for page in ("index.html", *(f"{language}/index.html" for language in LANGUAGES)):
        if not (site / page).is_file():
            raise FileNotFoundError(f"{site / page} is missing; build the book first: make book.")
    partial = archive.with_suffix(".part")
    # Older dates than 1980, which some build machines set, do not fit into an archive.
    with zipfile.ZipFile(
        partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9, strict_timestamps=False
    ) as bundle:
        bundle.write(BOOK / "serve.py", f"{FOLDER}/serve.py")
        bundle.write(BOOK / "bundle.txt", f"{FOLDER}/README.txt")
        for file in sorted(site.rglob("*")):
            if file.is_file():
                bundle.write(file, f"{FOLDER}/site/{file.relative_to(site).as_posix()}")
    return partial.replace(archive)
