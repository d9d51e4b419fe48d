"""The Sphinx extension that _config.yml loads: what makes the theme's pages the book's own."""

import logging
import os
import shutil
import textwrap
from contextvars import ContextVar
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.jinja2glue import BuiltinTemplateLoader

import stabsim
from book import (
    BOOK,
    LANGUAGES,
    anchors,
    assets,
    build_page,
    card,
    demonstrations,
    diagnose,
    edition,
    glossary,
    labs,
    listings,
    maths,
    notebooks,
    outputs,
    policy,
    prediction_page,
    progress,
    repository,
    rule,
    scoreboard,
    search,
    styles,
    terse,
    words,
)
from stabsim._source import digest

UNUSED = (
    "**/*.map",
    "*.html",
    "scripts/fontawesome.js*",
    "vendor",
    "locales",
    "sphinx-thebe.*",
    "searchtools.js",
    "language_data.js",
)
"""What the theme brings and no page loads."""

STYLES = {"<mjx-container": "maths/maths.css", "data-lab=": "lab/lab.css",
          "data-exercise=": "lab/exercise.css", "data-prediction=": "lab/prediction.css",
          "data-drop=": "lab/drop.css", "data-progress": "lab/progress.css",
          "data-rule=": "lab/rule.css", "data-board=": "lab/board.css",
          "data-search=": "lab/search.css", 'id="lab-first"': "lab/welcome.css"}  # fmt: skip
"""Styles that only some pages need, by what these have in them."""

ENGLISH_IS_READ: ContextVar[Event | None] = ContextVar("english_is_read", default=None)
"""Shared with the other languages' processes. Sphinx pickles its settings, and this cannot be."""


class Templates(BuiltinTemplateLoader):
    """Sphinx's templates, with labs, our words and a policy on each page."""

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        """Render a page."""
        # Without scripts nothing makes light or dark of the theme's "auto".
        html = super().render(template, context).replace('data-theme="auto"', 'data-theme="light"')
        # The role that docutils gives a source is deprecated, and not allowed in its list.
        html = html.replace('role="doc-biblioentry"', 'role="listitem"')
        static = context["pathto"]("_static", 1)
        language = context["language"]
        html = progress.here(labs.fill(html, language, static, context["pagename"]), language)
        html = rule.fill(html, language, static, context["pagename"])
        html = words.translate_names(diagnose.fill(html, language, static))
        for mark, style in STYLES.items():
            if mark in html:
                link = f'  <link rel="stylesheet" href="{static}/{style}" />\n  </head>'
                html = html.replace("</head>", link, 1)
        return policy.secure(terse.frame(html))


def configure(app: Sphinx, config: Config) -> None:
    """Point Sphinx to our files, and tell the notebooks what they are run for."""
    if not config.book_in_all_languages:  # else they are made once, before all
        assets.make()
    config.html_static_path.append(str(assets.ASSETS))
    config.templates_path.append(str(BOOK / "templates"))
    config.release = stabsim.__version__
    config.template_bridge = "book.extension.Templates"
    config.html_favicon = str(BOOK / "web/favicon.svg")
    # Relative to the chapters, wherever these are.
    config.bibtex_bibfiles = [os.path.relpath(BOOK / "references.bib", app.srcdir)]
    config.html_additional_pages = {"search": "search.html"}
    config.html_math_renderer = "set_at_build"
    for name in ("traitlets", "jax"):  # ... nor say that it runs, or on what
        logging.getLogger(name).setLevel(logging.WARNING)
    outputs.surround_kernels(config.language)
    labs.share_programs()


def wait_for_english(app: Sphinx) -> None:
    """Wait until the English pages are read, whose addresses the other languages share."""
    event = ENGLISH_IS_READ.get()
    if event is not None and app.config.language != "en":
        event.wait()


def say_english_is_read(app: Sphinx, env: BuildEnvironment) -> None:
    """Let the other languages begin."""
    event = ENGLISH_IS_READ.get()
    if event is not None and app.config.language == "en":
        event.set()


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The pages whose cells, labs or exercises may have come to something else since."""
    known: dict[str, str] = getattr(env, "book_states", {})
    now = {page: _state(app.config.language, page) for page in outputs.pages()}
    env.book_states = now  # type: ignore[attr-defined]
    return [page for page in now if now[page] != known.get(page) and page in env.found_docs]


def _state(language: str, page: str) -> str:
    shown = [f"stabsim.labs.{name}" for name, _ in outputs.labs(language, page)]
    return outputs.state(language, page) + digest("stabsim.exercises", *shown)


def describe(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Give a page its description and its links to the same page in the other languages."""
    description = context["docstitle"]
    if given := app.env.metadata.get(pagename, {}).get("description"):
        description = given
    elif doctree and (paragraph := next(doctree.findall(nodes.paragraph), None)):
        # A word in bold, as "Objective", only heads the paragraph.
        headed = isinstance(paragraph[0], nodes.strong)
        text = "".join(node.astext() for node in paragraph[headed:])
        description = textwrap.shorten(text.lstrip(". "), 160, placeholder="…")
    title = context.get("title") or context["docstitle"]
    context["metatags"] = context.get("metatags", "") + card.tags(
        Markup(title).striptags(), description, app.config.language, pagename
    )
    if app.config.book_in_all_languages and pagename in notebooks.pages():
        where, language = repository.place(), app.config.language
        context["launch"] = where.launch(language, pagename) if where else {}
        context["notebook"] = f"{repository.FOLDER}/{pagename}.ipynb"
    root = context["pathto"]("", 1) or "./"
    context["languages"] = [
        {
            "code": code,
            "name": name if code != app.config.language else "",
            "address": f"{root}../{code}/{pagename}.html",
        }
        for code, name in LANGUAGES.items()
        if app.config.book_in_all_languages
    ]


def finish(app: Sphinx, error: Exception | None) -> None:
    """Complete the files: words, models of labs, and nothing that is not used."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    words.translate_scripts(static, app.config.language)
    for file in {file for pattern in UNUSED for file in static.glob(pattern)}:
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    for page in Path(app.outdir).rglob("*.html"):
        name = page.relative_to(app.outdir).with_suffix("").as_posix()
        if name not in {*app.env.found_docs, "search", "index"}:
            page.unlink()  # of a chapter that is no more
    styles.cut(Path(app.outdir))
    labs.publish(static / "lab/models", app.config.language)
    search.publish(Path(app.outdir), app.config.language)
    diagnose.publish(static / diagnose.FOLDER, app.config.language)
    rule.publish(static / rule.FOLDER, app.config.language)
    scoreboard.publish(static / scoreboard.FOLDER)
    card.publish(static, app.config.language)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of the above."""
    app.add_config_value("book_in_all_languages", False, "html")
    app.add_config_value("book_made_by", "", "env")
    words.setup(app)
    anchors.setup(app)
    maths.setup(app)
    glossary.setup(app)
    listings.setup(app)
    scoreboard.setup(app)
    demonstrations.setup(app)
    diagnose.setup(app)
    prediction_page.setup(app)
    build_page.setup(app)
    progress.setup(app)
    edition.setup(app)
    search.setup(app)
    app.connect("config-inited", configure)
    app.connect("builder-inited", wait_for_english)
    app.connect("env-get-outdated", outdated)
    app.connect("env-updated", say_english_is_read, priority=0)
    app.connect("html-page-context", describe)
    app.connect("build-finished", finish)
    app.add_css_file("lab/frame.css")
    app.add_css_file("lab/print.css", media="print", priority=900)
    app.add_js_file("lab/boot.mjs", type="module")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
