"""What sliders count, as it is called beside one and beside many."""

from typing import NamedTuple

from stabsim._words import Text


class Unit(NamedTuple):
    """What one is called, and what many are."""

    one: Text
    many: Text

    def of(self, value: float | int, language: str) -> str:
        """What so many are called."""
        return (self.one if value == 1 else self.many).in_(language)

    def names(self, language: str) -> list[str]:
        """Both, as a reader may type them."""
        return [text.in_(language) for text in self]


NOTHING = Unit(Text("", ""), Text("", ""))
STEPS = Unit(Text("step", "langkah"), Text("steps", "langkah"))
GOOD_STEPS = Unit(Text("good step", "langkah baik"), Text("good steps", "langkah baik"))
RUNS = Unit(Text("run", "run"), Text("runs", "run"))
OCTAVES = Unit(Text("octave", "oktaf"), Text("octaves", "oktaf"))
DECADES = Unit(Text("decade", "dekade"), Text("decades", "dekade"))
TIMES = Unit(Text("×", "×"), Text("×", "×"))
