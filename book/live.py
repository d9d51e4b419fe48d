"""Where a lab is live: the line that stands under it on paper, with a code for a telephone."""

from html import escape

import segno

from book import repository
from stabsim._words import Text

SAID = Text("Move it at", "Gerakkan di")


def address(language: str, page: str, place: str) -> str:
    """The published address of what has the id ``place`` on a page."""
    return f"{repository.site()}/{language}/{page}.html#{place}"


def on_paper(language: str, page: str, place: str) -> str:
    """The address as people type it, and as a QR code; no screen shows it."""
    whole = address(language, page, place)
    short = whole.partition("://")[2]
    return (
        f'<div class="lab-live">{code(whole)}<p>{SAID.in_(language)} <a href="{escape(whole)}">'
        f"{escape(short)}</a></p></div>"
    )


def code(text: str) -> str:
    """A QR code as SVG, dark on light."""
    return segno.make(text, error="m", micro=False).svg_inline(
        border=2, omitsize=True, svgclass=None, lineclass=None
    )
