"""Numbers as readers write them: 31,500 or 31.500, 2^-4, 1/320, 0.02*10/40, 38k, 8 GB.

``book/web/parts/numerals.mjs`` reads the same in the pages, and ``tests/numerals.json`` holds the
cases that both must agree on.
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

LONGEST = 100
"""Characters; a text that is longer is no number."""

GROUPS = {"en": ",", "id": "."}
"""What a language puts between thousands: where one point or comma may mean either, it does."""

MULTIPLES = {
    "k": 1e3, "M": 1e6, "rb": 1e3, "ribu": 1e3, "jt": 1e6, "juta": 1e6, "%": 0.01,
}  # fmt: skip
"""What may stand right after a number."""

SIGNS = str.maketrans({
    "\u2212": "-", "\u2013": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", ":": "/",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ",
})  # fmt: skip
POWER = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
LOWERED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
TIMES = re.compile(r"(?<=\d)\s*[x×]\s*(?=\d)")
TOKEN = re.compile(
    r"\s*(?:(?P<numeral>(?:\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?![\d.,])|(?=[.,]?\d)[\d.,]+)"
    r"(?:[eE][-+]?\d+)?)|(?P<word>√|%|[A-Za-z]+)|(?P<sign>\*\*|[-+*/^()]))"
)
GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")


def read(text: str, language: str, units: Sequence[str] = ()) -> float:
    """A number, or a calculation with numbers, as readers write it.

    Thousands may be grouped by points, commas or spaces. Where one point or comma could stand
    before a decimal or between thousands, the language decides: 31.500 is 31.5 in English and
    31500 in Indonesian.

    Args:
        text: what was typed.
        language: "en" or "id".
        units: what may follow the number, such as "steps".
    Returns:
        Its value; NaN if it is no finite number.
    """
    text = text.translate(SIGNS).strip()
    for unit in units:
        text = re.sub(rf"(?<![a-z]){re.escape(unit)}$", "", text, count=1, flags=re.IGNORECASE)
    text = TIMES.sub("*", POWER.sub(lambda m: f"^({m[0].translate(LOWERED)})", text))
    try:
        return _Reader(text, language).all()
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


def plain(value: float | int, language: str) -> str:
    """A number as it stands in a field, where it can be typed over."""
    written = f"{Decimal(f'{value:.6g}'):f}"
    return written.replace(".", ",") if language == "id" else written


class _Reader:
    """Sums of products of powers; a ValueError for all else."""

    def __init__(self, text: str, language: str) -> None:
        self.language, self.tokens = language, []
        at, text = 0, text.rstrip()
        if len(text) > LONGEST:
            raise ValueError
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError
            at = match.end()
            self.tokens.append((match.lastgroup, match[match.lastgroup or 0]))
        self.tokens.append(("end", ""))

    def take(self, *signs: str) -> str:
        """The next token, if it is one of these; else nothing."""
        if self.tokens[0][0] != "numeral" and self.tokens[0][1] in signs:
            return self.tokens.pop(0)[1]
        return ""

    def all(self) -> float:
        value = self.sum()
        if self.tokens[0][0] != "end":
            raise ValueError
        return value

    def sum(self) -> float:
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            value = _finite(value + other if sign == "+" else value - other)
        return value

    def product(self) -> float:
        value = self.signed()
        while sign := self.take("*", "/"):
            other = self.signed()
            value = _finite(value * other if sign == "*" else value / other)
        return value

    def signed(self) -> float:
        if sign := self.take("+", "-"):
            value = self.signed()
            return -value if sign == "-" else value
        value = self.atom()
        if self.take("^", "**"):
            power = value ** self.signed()
            if isinstance(power, complex):
                raise ValueError
            return _finite(power)
        return value

    def atom(self) -> float:
        if self.take("("):
            value = self.sum()
            if not self.take(")"):
                raise ValueError
            return value
        if self.take("sqrt", "√"):
            return math.sqrt(self.atom())
        kind, text = self.tokens.pop(0)
        if kind != "numeral":
            raise ValueError
        value = _numeral(text, self.language)
        multiple = self.take(*MULTIPLES)
        return _finite(value * MULTIPLES[multiple] if multiple else value)


def _numeral(text: str, language: str) -> float:
    """Digits with a decimal sign, and signs between thousands."""
    digits, e, power = text.replace(" ", "").lower().partition("e")
    marks = [c for c in digits if c in ".,"]
    decimal = marks[-1] if marks else ""
    once = marks.count(decimal) == 1
    if marks and (not once or (len(marks) == 1 and decimal == GROUPS[language]
                               and GROUPED.fullmatch(digits))):  # fmt: skip
        decimal = ""
    whole, _, rest = digits.rpartition(decimal) if decimal else (digits, "", "")
    if any(c in whole for c in ".,"):
        if not GROUPED.fullmatch(whole) or len({c for c in whole if c in ".,"}) > 1:
            raise ValueError
        whole = whole.replace(".", "").replace(",", "")
    return _finite(float(f"{whole or 0}.{rest or 0}{e}{power}"))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError
    return value
