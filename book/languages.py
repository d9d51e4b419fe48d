"""Do the languages say the same? Compares each translated page with its English one.

Under each heading of a translation stands the hash of the English section that it was written
against, as a comment: `% en: 3fa9c1d2`. When the English section changes, its hash does.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from book import LANGUAGES, ROOT
from book.outline import HEADING, Section, read

CHAPTERS = ROOT / "chapters"
ENGLISH, *TRANSLATIONS = LANGUAGES


def drift(chapters: Path = CHAPTERS) -> list[str]:
    """Everything in which a translation differs from the English book, one line each."""
    return [line for language in TRANSLATIONS for line in _drift_of(chapters, language)]


def _drift_of(chapters: Path, language: str) -> Iterator[str]:
    english, translated = (_files(chapters / code) for code in (ENGLISH, language))
    for name in sorted(english - translated):
        yield f"{language}/{name}: is missing"
    for name in sorted(translated - english):
        yield f"{language}/{name}: has no English page"
    for name in sorted(english & translated):
        for line in compare(_read(chapters / ENGLISH / name), _read(chapters / language / name)):
            yield f"{language}/{name}: {line}"


def _files(folder: Path) -> set[str]:
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def _read(file: Path) -> list[Section]:
    return read(file.read_text(encoding="utf8")) if file.suffix == ".md" else []


def compare(english: list[Section], translated: list[Section]) -> Iterator[str]:
    """What differs between two pages, and which sections are stale."""
    for ours, theirs in zip_longest(english, translated):
        if not ours or not theirs or ours.level != theirs.level:
            # The sections after this one would be compared with the wrong ones.
            here = " against ".join(
                f"{'#' * section.level} {section.title}" if section else "nothing"
                for section in (ours, theirs)
            )
            yield f"headings differ: {here}"
            return
        for kind in sorted(ours.parts.keys() | theirs.parts.keys()):
            pairs = zip_longest(ours.parts.get(kind, []), theirs.parts.get(kind, []))
            if difference := next((pair for pair in pairs if pair[0] != pair[1]), None):
                yield f"“{theirs.title}”: {kind}: {difference[1]!r} for {difference[0]!r}"
        if ours.level and theirs.hash != ours.digest():
            state = "is stale" if theirs.hash else "has no hash"
            yield f"“{theirs.title}”: {state}: “{ours.title}” is {ours.digest()}"


def accept(file: Path, english: Path) -> None:
    """Write into a translated page the hashes of the English page as it is now."""
    sections, translated = _read(english), _read(file)
    if [section.level for section in sections] != [section.level for section in translated]:
        raise SystemExit(f"{file}: its headings are not those of {english}.")
    lines = []
    for section, own in zip(sections, translated, strict=True):
        heading = next((i for i, line in enumerate(own.lines, 1) if HEADING.fullmatch(line)), 0)
        note = [f"% en: {section.digest()}"] if own.level else []
        lines += [*own.lines[:heading], *note, *own.lines[heading:]]
    file.write_text("\n".join(lines) + "\n", encoding="utf8")


def report(accepted: Path | None) -> int:
    """Accept a page if one is given, and print what is left to do; 1 if there is anything."""
    if accepted:
        page = accepted.resolve().relative_to(CHAPTERS)
        accept(CHAPTERS / page, CHAPTERS / ENGLISH / Path(*page.parts[1:]))
    lines = drift()
    print("\n".join(lines) or "The languages agree.")
    return bool(lines)
