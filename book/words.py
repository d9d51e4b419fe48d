"""The words of the theme and of Sphinx in the book's languages, where those lack them.

They are in book/locale/LANGUAGE.po, and are looked up before the words of Sphinx and the theme.
"""

import gettext
import io
import json
import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from docutils.utils.smartquotes import smartchars
from sphinx import locale
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.domains.python._object import PyObject

from book import BOOK

DOMAINS = ("sphinx", "booktheme", "togglebutton")
COPY = {
    "copy": "Copy",
    "copy_to_clipboard": "Copy to clipboard",
    "copy_success": "Copied!",
    "copy_failure": "Failed to copy",
}
"""The words of the copy button, under its own names."""

TOGGLE = "Toggle hidden content"
NAME = re.compile(r'\b(title|aria-label)="([^"]+)"')

_ = locale.get_translation("sphinx")


def catalogue(language: str) -> Catalog:
    """Our words in a language; none in English."""
    file = BOOK / "locale" / f"{language}.po"
    if not file.exists():
        return Catalog(language)
    with file.open("rb") as stream:
        return read_po(stream, language)


def put_first(app: Sphinx) -> None:
    """Have our words looked up before those of Sphinx and its extensions."""
    ours = catalogue(app.config.language)
    for domain in DOMAINS if len(ours) else ():
        compiled = io.BytesIO()
        write_mo(compiled, ours)
        compiled.seek(0)
        first = gettext.GNUTranslations(compiled)
        if theirs := locale.translators.get(("general", domain)):
            first.add_fallback(theirs)
        locale.translators["general", domain] = first
        if domain == "sphinx":
            app.translator = first  # which the templates take


def translate_settings(app: Sphinx, config: Config) -> None:
    """Say in the language what _config.yml and the defaults of extensions say in English."""
    put_first(app)
    for name in (
        "html_title", "author", "togglebutton_hint", "togglebutton_hint_hide",
        "nb_code_prompt_show", "nb_code_prompt_hide",
    ):  # fmt: skip
        config[name] = _(config[name])
    config.html_theme_options["search_bar_text"] = _("Search this book")
    for field in PyObject.doc_field_types:  # named as Sphinx begins, before our words are there
        field.label = _(field.label)


def translate_names(html: str) -> str:
    """Translate the names of buttons and regions that the theme has in English for all."""
    # What a reader hears must be what another sees, so a name beside a text goes.
    html = html.replace(f'<summary aria-label="{TOGGLE}">', "<summary>")
    return NAME.sub(lambda name: f'{name[1]}="{_(name[2])}"', html)


def translate_scripts(static: Path, language: str) -> None:
    """Give our words to the scripts of Sphinx and of the copy button, in the built site."""
    ours = {str(m.id): str(m.string) for m in catalogue(language) if m.id}
    if not ours:
        return
    script = static / "translations.js"
    call = script.read_text(encoding="utf8").strip()
    if not call.startswith("Documentation.addTranslations("):
        return  # no page was written, so Sphinx copied no scripts, and these are translated
    theirs = json.loads(call.removeprefix("Documentation.addTranslations(").removesuffix(");"))
    words = {key: word for key, word in theirs["messages"].items() if word} | ours
    # Not by addTranslations, which makes a function of a string: the policy forbids that.
    table = json.dumps(words, ensure_ascii=False)
    script.write_text(f"Object.assign(Documentation.TRANSLATIONS, {table});\n", encoding="utf8")
    copy = json.dumps({name: ours[word] for name, word in COPY.items()}, ensure_ascii=False)
    script = static / "copybutton.js"
    text, table = script.read_text(encoding="utf8"), "const messages = {"
    script.write_text(text.replace(table, f"{table}\n  '{language}': {copy},", 1), encoding="utf8")
    script = static / "togglebutton.js"
    text = script.read_text(encoding="utf8")
    script.write_text(text.replace(TOGGLE, ours[TOGGLE]), encoding="utf8")


def setup(app: Sphinx) -> None:
    """Before the extensions that read these settings when the configuration is there."""
    smartchars.quotes["id"] = smartchars.quotes["en"]  # docutils knows of none
    app.connect("config-inited", translate_settings, priority=300)
