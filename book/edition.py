"""What keeps the book on a reader's device: a worker for each language, and what makes it an app.

```{edition}    how large this language is, whether it is kept here, and where the archive is
```

The worker itself is ``book/web/edition-worker.mjs``, and ``book/web/edition.mjs`` wakes it. The
address above the languages is kept by neither: all that it does is lead to one of them, and an
app, a bookmark or a link from any page stands within a language already.
"""

import gzip
import hashlib
import json
import re
from html import escape
from pathlib import Path

import vl_convert
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book import BOOK, LANGUAGES, SITE, bundle, card, repository
from book.assets import ASSETS
from stabsim._numerals import plain
from stabsim._words import Text

WORKER = "worker.js"
"""At the top of a language's folder: a worker answers for what lies beside and below it."""

MANIFEST = "manifest.webmanifest"
APART = {WORKER, ".buildinfo", "objects.inv"}
"""What no page asks for."""

ICONS = {192: "_static/icon-192.png", 512: "_static/icon-512.png"}
"""The app's icon by its width: telephones take no drawing for it."""

FAVICON_WIDTH = 16
DIGITS = 16
"""Of a file's SHA-256, in hexadecimal: files here differ by chance, and not by anybody's intent."""

PACKED = {".png", ".woff", ".woff2"}
"""Files that a server sends as they are, since compression would make them no smaller."""

SIZED = "{size} MB"
SIZE = re.compile(r'(<span class="edition-size">).*?(</span>)')

SHORT = Text("Why training blows up", "Pelatihan meledak")
SAID = {
    "size": Text("The whole English edition is {size}.", "Seluruh edisi bahasa Indonesia: {size}."),
    "fetching": Text(
        "It is being fetched; once it is here, the book works without a network.",
        "Edisi ini sedang diunduh; sesudah itu buku dapat dibaca tanpa internet.",
    ),
    "kept": Text(
        "It is kept on this device: all of it works without a network.",
        "Semuanya sudah tersimpan di perangkat ini dan dapat dipakai tanpa internet.",
    ),
    "not": Text(
        "This browser does not keep it here: that takes an address that begins with https.",
        "Di alamat ini peramban tidak menyimpannya; untuk itu alamat harus diawali https.",
    ),
    "archive": Text(
        "Both languages in one archive, for a room without internet",
        "Kedua bahasa dalam satu arsip, untuk ruangan tanpa internet",
    ),
}  # fmt: skip


class Edition(SphinxDirective):
    """What is kept on the reader's device."""

    def run(self) -> list[nodes.Node]:
        """A paragraph, whose size is filled in when all files are there."""
        language = self.config.language
        say = {name: text.in_(language) for name, text in SAID.items()}
        size = escape(say["size"]).format(size='<span class="edition-size"></span>')
        known = escape(json.dumps(say, ensure_ascii=False))
        archive = ""
        if where := repository.place():
            archive = (
                f' <a href="{where.pages}/{bundle.BUNDLE.name}" rel="noopener external">'
                f"{escape(say['archive'])}</a>."
            )
        paragraph = f'<p>{size} <span role="status" data-edition="{known}"></span>{archive}</p>'
        return [nodes.raw("", paragraph, format="html")]


def write(site: Path = SITE) -> None:
    """Complete a built site, which has a folder for each language."""
    for language in LANGUAGES:
        complete(site / language, language)


def complete(folder: Path, language: str) -> None:
    """Write a language's worker, manifest and icons, and its size on its page."""
    _make_app(folder, language)
    size = SIZED.format(size=plain(round(sent(folder) / 1e6, 1), language))
    for page in folder.glob("*.html"):
        before = page.read_text(encoding="utf8")
        after = SIZE.sub(rf"\g<1>{size}\g<2>", before)
        if after != before:
            page.write_text(after, encoding="utf8")
    listed = json.dumps({f.relative_to(folder).as_posix(): _digest(f) for f in kept(folder)})
    version = hashlib.sha256(listed.encode()).hexdigest()[:DIGITS]
    worker = (ASSETS / "lab/edition-worker.mjs").read_text(encoding="utf8")
    edition = f'self.EDITION={{"version":"{version}","files":{listed}}};'
    (folder / WORKER).write_text(f"{edition}\n{worker}", encoding="utf8")


def kept(folder: Path) -> list[Path]:
    """The files of a language that a reader's device keeps."""
    return [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name not in APART]


def sent(folder: Path) -> int:
    """How many bytes a server sends of them."""
    contents = ((file, file.read_bytes()) for file in kept(folder))
    return sum(len(c if f.suffix in PACKED else gzip.compress(c, 6)) for f, c in contents)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:DIGITS]


def _make_app(folder: Path, language: str) -> None:
    """The manifest and the icons by which a browser installs a language as an app."""
    favicon = (BOOK / "web/favicon.svg").read_text(encoding="utf8")
    for width, icon in ICONS.items():
        png = vl_convert.svg_to_png(favicon, scale=width / FAVICON_WIDTH)
        (folder / icon).write_bytes(png)
    manifest = {
        "id": "./",
        "name": card.TITLE.in_(language),
        "short_name": SHORT.in_(language),
        "lang": language,
        "start_url": "./index.html",
        "scope": "./",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0072b2",
        "icons": [
            {"src": icon, "sizes": f"{width}x{width}", "type": "image/png"}
            for width, icon in ICONS.items()
        ],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf8")


def setup(app: Sphinx) -> None:
    """Register the directive, and have every page wake the worker."""
    app.add_directive("edition", Edition)
    app.add_js_file("lab/edition.mjs", type="module")
