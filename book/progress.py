"""Where a reader stands, and a class: what each chapter asks, and what of it is done.

```{progress}         what was done on this device, with buttons that save, load and erase it
```{progress} class   for teachers: reads the files that readers have saved

Everything is kept, and read, by the reader's browser alone: see ``book/web/parts/progress.mjs``.
"""

import json
import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book import notebooks, outputs
from stabsim._words import Text

KINDS = {
    "guesses": Text("Predictions", "Tebakan"),
    "answers": Text("Exercises", "Latihan"),
    "goals": Text("Goals of labs", "Sasaran lab"),
}
SAID = {
    "mine": Text("What you have done", "Yang sudah Anda kerjakan"),
    "class": Text("Where the class stands", "Kemajuan kelas"),
    "chapter": Text("Chapter", "Bab"),
    "name": Text("Your name, for the file", "Nama Anda, untuk berkas"),
    "save": Text("Save as a file", "Simpan sebagai berkas"),
    "load": Text("Load a file", "Muat berkas"),
    "erase": Text("Erase everything", "Hapus semuanya"),
    "sure": Text(
        "Erase all answers, guesses, ticks and kept runs on this device?",
        "Hapus semua jawaban, tebakan, centang, dan run pembanding di perangkat ini?",
    ),
    "erased": Text("Everything is erased.", "Semuanya sudah dihapus."),
    "loaded": Text("The file is loaded.", "Berkas sudah dimuat."),
    "bad": Text(
        "{file} is no file that this book has saved.",
        "{file} bukan berkas yang disimpan oleh buku ini.",
    ),
    "here": Text(
        "Done here: {guesses} predictions, {answers} exercises, {goals} goals of labs.",
        "Selesai di bab ini: tebakan {guesses}, latihan {answers}, sasaran lab {goals}.",
    ),
    "folder": Text("Choose a folder", "Pilih folder"),
    "files": Text("Choose files", "Pilih berkas"),
    "student": Text("Name", "Nama"),
    "each": Text(
        "In each chapter: predictions made, exercises right, goals reached.",
        "Di setiap bab: tebakan dibuat, latihan benar, sasaran tercapai.",
    ),
    "exercise": Text("Exercise", "Latihan"),
    "right": Text("Right", "Benar"),
    "wrong": Text("Not yet", "Belum tepat"),
    "noscript": Text("This needs JavaScript.", "Bagian ini memerlukan JavaScript."),
}
ASKED = re.compile(r'exercises\.ask\("([\w-]+)"\)')
GUESSED = re.compile(r"^:{3,}\{predict\} ([\w-]+)$", re.MULTILINE)
BUILT = re.compile(r"^:{3,}\{build\} ([\w-]+)$", re.MULTILINE)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
TOP = "</h1>"


def chapters(language: str) -> list[dict[str, Any]]:
    """Each chapter's page and title, and the names of what it asks."""
    from stabsim.labs import LABS

    found = []
    for page in notebooks.pages():
        text = outputs.source(language, page).read_text(encoding="utf8")
        title = TITLE.search(text)
        shown = dict.fromkeys(name for name, _ in outputs.labs(language, page))
        found.append({
            "page": page,
            "title": title[1] if title else page,
            "guesses": GUESSED.findall(text),
            "answers": [*ASKED.findall(text), *filter(_written_here, BUILT.findall(text))],
            "goals": [
                LABS[name].goal_key(i) for name in shown for i in range(len(LABS[name].goals))
            ],
        })  # fmt: skip
    return [one for one in found if any(one[kind] for kind in KINDS)]


def _written_here(name: str) -> bool:
    """Whether the page itself takes what is built."""
    from stabsim.exercises import BUILDS
    from stabsim.exercises.frame.build import Notebook

    return not isinstance(BUILDS[name], Notebook)


class Progress(SphinxDirective):
    """The reader's own, or the class's."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The part of the page, as HTML."""
        language = self.config.language
        for page in notebooks.pages():
            self.env.note_dependency(str(outputs.source(language, page)))
        whole = self.arguments == ["class"]
        return [nodes.raw("", _class(language) if whole else _mine(language), format="html")]


def _known(kind: str, language: str) -> str:
    """What the script must know."""
    say = {name: text.in_(language) for name, text in SAID.items()}
    known = {"kind": kind, "chapters": chapters(language), "say": say}
    return escape(json.dumps(known, ensure_ascii=False))


def _say(name: str, language: str) -> str:
    return escape(SAID[name].in_(language))


def _mine(language: str) -> str:
    heads = "".join(f'<th scope="col">{text.in_(language)}</th>' for text in KINDS.values())
    rows = "".join(
        f'<tr data-page="{one["page"]}"><th scope="row"><a href="{one["page"]}.html">'
        f"{escape(one['title'])}</a></th>"
        + "".join(f'<td data-kind="{kind}">0 / {len(one[kind])}</td>' for kind in KINDS)
        + "</tr>"
        for one in chapters(language)
    )
    buttons = "".join(
        f'<button type="button" data-do="{name}">{_say(name, language)}</button> '
        for name in ("save", "load", "erase")
    )
    return (
        f'<div class="standing" data-progress="{_known("mine", language)}" role="group" '
        f'aria-label="{_say("mine", language)}"><noscript>{_say("noscript", language)}</noscript>'
        f'<div class="pst-scrollable-table-container" tabindex="0">'
        f'<table class="table"><thead><tr><th scope="col">{_say("chapter", language)}</th>{heads}'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<p><label>{_say("name", language)} <input name="name" autocomplete="name" size="20">'
        f'</label></p><p class="standing-buttons">{buttons}</p>'
        f'<input type="file" accept=".json" aria-label="{_say("load", language)}" hidden>'
        f'<p class="standing-said" role="status" aria-live="polite"></p></div>'
    )


def _class(language: str) -> str:
    return (
        f'<div class="standing" data-progress="{_known("class", language)}" role="group" '
        f'aria-label="{_say("class", language)}"><noscript>{_say("noscript", language)}</noscript>'
        f'<p><label>{_say("folder", language)} <input type="file" name="folder" webkitdirectory '
        f'multiple></label></p><p><label>{_say("files", language)} <input type="file" '
        f'name="files" accept=".json" multiple></label></p>'
        f'<p class="standing-said" role="status" aria-live="polite"></p>'
        f'<div class="standing-class"></div></div>'
    )


def here(page: str, language: str) -> str:
    """The page with a line under its title that says what is done of it."""
    if "data-exercise=" not in page or TOP not in page:
        return page
    said = escape(SAID["here"].in_(language))
    return page.replace(TOP, f'{TOP}\n<p class="progress-here" data-progress-here="{said}"></p>', 1)


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("progress", Progress)
