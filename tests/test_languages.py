"""The two languages say the same, and the check of that sees every kind of drift."""

import re
from pathlib import Path

import pytest
from docutils import nodes

from book import LANGUAGES, glossary, languages, outline
from book.languages import CHAPTERS

ENGLISH = """---
kernelspec: {name: python3}
---

# A title

Some words, $x^2$ and $y$, {ref}`later`.

(edge)=
## The edge

$$
\\eta > 2/h \\text{ if it is large}
$$ (eq-edge)

\\begin{align}
a &= 4.5
\\end{align}

:::{figure} sharp.svg
:name: fig-sharp
:alt: A curve.
Its caption, with $z$.
:::

```{code-cell} ipython3
:tags: [hide-input]
# Not a heading
x = 1
print(f"{x} steps")
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line.
---
plot(x)
```

<div data-lab="clipping"></div>

### Later

```{exercise} One
:label: one
What is $h$?
```
"""

TRANSLATED = """---
kernelspec: {name: python3}
---

# Sebuah judul
% en: HASH0

Beberapa kata, $x^2$ dan $y$, {ref}`later`.

(edge)=
## Tepinya
% en: HASH1

$$
\\eta > 2/h \\text{ jika besar}
$$ (eq-edge)

\\begin{align}
a &= 4{,}5
\\end{align}

:::{figure} sharp.svg
:name: fig-sharp
:alt: Sebuah kurva.
Keterangannya, dengan $z$.
:::

```{code-cell} ipython3
:tags: [hide-input]
# Bukan judul
x = 1
print(f"{x} langkah")
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: Sebuah garis.
---
plot(x)
```

<div data-lab="clipping"></div>

### Nanti
% en: HASH2

```{exercise} Satu
:label: one
Berapakah $h$?
```
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book of one page in two languages that agree."""
    text = TRANSLATED
    for number, section in enumerate(outline.read(ENGLISH)[1:]):
        text = text.replace(f"HASH{number}", section.digest())
    for language, page in (("en", ENGLISH), ("id", text)):
        (tmp_path / language).mkdir()
        (tmp_path / language / "page.md").write_text(page, encoding="utf8")
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf8")


def test_the_book():
    assert not languages.drift(), "python -m book hashes lists these"


def test_agreement(book):
    assert languages.drift(book) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("x = 1", "x = 2", "“Tepinya”: code"),
        ('print(f"{x}', 'print(f"{y}', "“Tepinya”: code"),
        ("[hide-input]", "[hide-cell]", "“Tepinya”: directives"),
        (":::{figure} sharp.svg", ":::{figure} flat.svg", "“Tepinya”: directives"),
        (":::{figure}", ":::{image}", "“Tepinya”: directives"),
        ("```{exercise}", "```{solution}", "“Nanti”: directives"),
        (":label: one", ":label: two", "“Nanti”: directives"),
        ("2/h", "3/h", "“Tepinya”: maths"),
        ("a &= 4", "a &= 5", "“Tepinya”: maths"),
        ("$x^2$ dan $y$", "$y$ dan $x^2$", "“Sebuah judul”: maths in the text"),
        ("$z$", "$Z$", "“Tepinya”: maths in the text"),
        ("$h$", "kelengkungan", "“Nanti”: maths in the text"),
        ("(edge)=", "(tepi)=", "“Tepinya”: labels"),
        ("(eq-edge)", "(eq-tepi)", "“Tepinya”: labels"),
        ("{ref}`later`", "{ref}`nanti`", "“Sebuah judul”: references"),
        ('data-lab="clipping"', 'data-lab="warmup"', "“Tepinya”: labs"),
        ("### Nanti", "## Nanti", "headings differ: ### Later against ## Nanti"),
        ("### Nanti", "### Dulu\n### Nanti", "“Dulu”"),
        ("% en: ", "% en: 0", "“Sebuah judul”: has no hash"),
    ],
)
def test_drift_of_a_page(book, old, new, said):
    change(book / "id/page.md", old, new)
    assert any(f"id/page.md: {said}" in line for line in languages.drift(book))


@pytest.mark.parametrize("name", ["more.md", "sharp.svg"])
def test_drift_of_files(book, name):
    (book / "en" / name).write_text("# More\n", encoding="utf8")
    assert languages.drift(book) == [f"id/{name}: is missing"]
    (book / "en" / name).rename(book / "id" / name)
    assert languages.drift(book) == [f"id/{name}: has no English page"]


def test_stale_section(book):
    change(book / "en/page.md", "Some words", "Better words")
    (line,) = languages.drift(book)
    assert line.startswith("id/page.md: “Sebuah judul”: is stale: “A title” is ")


def test_accepting(book):
    change(book / "en/page.md", "Some words", "Better words")
    before = (book / "id/page.md").read_text(encoding="utf8")
    languages.accept(book / "id/page.md", book / "en/page.md")
    assert languages.drift(book) == []
    after = (book / "id/page.md").read_text(encoding="utf8")
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True)
               if pair[0] != pair[1]]  # fmt: skip
    assert len(changed) == 1, "only the one hash is new"
    assert changed[0][1].startswith("% en: ")


def test_accepting_needs_the_same_headings(book):
    change(book / "en/page.md", "### Later", "## Later")
    with pytest.raises(SystemExit, match="headings"):
        languages.accept(book / "id/page.md", book / "en/page.md")


# --- the glossary ---


def prose(language):
    """All pages of a language but the glossary's own, each on one line."""
    files = sorted((CHAPTERS / language).glob("*.md"))
    return {f.name: " ".join(f.read_text(encoding="utf8").split()).lower() for f in files}


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_term_a_concept(language):
    terms = [entry[language].lower() for entry in glossary.concepts().values()]
    assert len(set(terms)) == len(terms)
    pages = prose(language)
    for entry in glossary.concepts().values():
        assert entry["about"][language]
        used = [name for name, text in pages.items() if entry[language].lower() in text]
        assert used, f"no page uses {entry[language]!r}"
        for other in entry.get("others", {}).get(language, []):
            wrong = [name for name, text in pages.items() if re.search(rf"\b{other}\b", text)]
            assert not wrong, f"{wrong}: {entry[language]!r} is meant by {other!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_use_of_a_term_is_linked(language):
    left = {entry[language].lower(): key for key, entry in glossary.concepts().items()}
    text = nodes.Text(f"The {language} {' and the '.join(left)} and {' and '.join(left)}s.")
    parts = glossary._linked(text, dict(left))
    links = [part for part in parts if isinstance(part, nodes.reference)]
    assert [link["refuri"].partition("#concept-")[2] for link in links] == list(left.values())
    assert "".join(part.astext() for part in parts) == text.astext()
