"""Words in both languages, and numbers as each writes them."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple, SupportsFloat

from stabsim._settings import checked, settings

THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_UP)  # browsers round a tie up
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text(NamedTuple):
    """The same words in English and in Indonesian."""

    en: str
    id: str

    def in_(self, language: str) -> str:
        return getattr(self, checked(language))


def default_language() -> str:
    """The language that the settings name; English if they name none."""
    return settings().language


def three_digits(x: SupportsFloat) -> float:
    """A number rounded to three significant digits, a tie up as in a browser."""
    return float(THREE_DIGITS.create_decimal(Decimal(float(x))))


def number(x: SupportsFloat, language: str | None = None) -> str:
    """Three significant digits, with a decimal comma in Indonesian: 0.000488, 4,88·10⁻⁷.

    Args:
        x: the number, finite or not.
        language: "en" or "id"; that of ``STABSIM_LANGUAGE`` if not given.
    Raises:
        ValueError: if the language is another.
    """
    language = checked(language or default_language())
    x = float(x)
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    rounded = f"{three_digits(x) + 0.0:.2e}"  # no minus before 0
    mantissa, exponent = rounded.split("e")
    if x == 0 or 1e-4 <= abs(float(rounded)) < 1e5:
        written = f"{float(rounded):.6f}".rstrip("0").rstrip(".")
    else:
        mantissa = mantissa.rstrip("0").rstrip(".")
        written = f"{mantissa}·10{str(int(exponent)).translate(SUPERSCRIPT)}"
    written = written.replace("-", "−")
    return written.replace(".", ",") if language == "id" else written


def whole(x: float, language: str | None = None) -> str:
    """A step: in full if it is a whole number, for the reader has to find it; else as a number."""
    return f"{x + 0.0:.0f}" if abs(x) < 1e15 and x == round(x) else number(x, language)
