"""The goals of labs as exercises: an answer is the link of a lab that reaches its goal."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from stabsim._words import Text
from stabsim.exercises.frame.exercise import SAID, Verdict

if TYPE_CHECKING:
    from stabsim.labs.frame.lab import Lab, Values

TASK = Text(
    'Reach the goal of the lab "{title}" with seed {seed}. Then press *Copy link* and paste the '
    "link between the quotation marks below.",
    'Capai sasaran lab "{title}" dengan seed {seed}. Lalu tekan *Salin tautan* dan '
    "tempelkan tautannya di antara tanda kutip di bawah.",
)
OTHER_LAB = Text(
    "The link holds no setting of this lab that it knows: {error}",
    "Tautan itu tidak memuat setelan yang dikenal lab ini: {error}",
)
OTHER_SEED = Text(
    "The link has seed {given}; yours is {seed}.",
    "Tautan itu memakai seed {given}; seed Anda {seed}.",
)


class Reach(NamedTuple):
    """An exercise that asks for a lab's goal.

    Attributes:
        name: the chapter and the exercise's number in it.
        lab: the lab.
        solution: a setting that reaches its goal.
        seeds: those with which it does, without the one that the page's lab begins with where
            it is not 0: a link leaves out what is as the page began.
    """

    name: str
    lab: str
    solution: Mapping[str, Any]
    seeds: tuple[int, ...]

    def task(self, seed: int) -> Text:
        from stabsim.labs import LABS

        title = LABS[self.lab].title
        return Text(
            *(text.format(title=name, seed=seed) for text, name in zip(TASK, title, strict=True))
        )

    def link(self, seed: int) -> str:
        """The end of a link that is a right answer."""
        setting = dict(self.solution) | {"seed": seed}
        return "?" + "&".join(f"{self.lab}.{name}={value}" for name, value in setting.items())

    def judge(self, given: str, seed: int) -> Verdict:
        """Run the setting that a link holds."""
        from stabsim.labs import LABS
        from stabsim.labs.frame.report import reached, report

        lab = LABS[self.lab]
        try:
            values = setting(lab, given)
        except (TypeError, ValueError) as error:
            return Verdict(False, Text(*(text.format(error=error) for text in OTHER_LAB)))
        if values["seed"] != seed:
            said = (text.format(given=values["seed"], seed=seed) for text in OTHER_SEED)
            return Verdict(False, Text(*said))
        is_right = reached(lab, report(lab, lab.compute(values), values, "en").facts)
        return Verdict(is_right, SAID["right" if is_right else "wrong"])


def setting(lab: "Lab", link: str) -> "Values":
    """The setting of a lab that a link holds.

    Raises:
        TypeError: if the link is no text, or a control is unknown.
        ValueError: if a value is out of range or no number.
    """
    from stabsim.labs.frame.lab import Slider  # the labs' charts take long to import

    if not isinstance(link, str):
        raise TypeError(f"{link!r} is no link.")
    sliders = {control.name for control in lab.controls if isinstance(control, Slider)}
    changes: dict[str, Any] = {}
    for key, value in parse_qsl(urlsplit(link.strip()).query):
        if match := re.fullmatch(rf"{lab.name}\d*\.(\w+)", key):
            changes[match[1]] = float(value) if match[1] in sliders else value
    return lab.setting(changes)


ALL = tuple(range(10))
THIRD = {"rule": "nesterov", "learning_rate": 0.35, "gamma": 0.3}

GOALS = {
    goal.name: goal
    for goal in (
        Reach("index-1", "first", {"learning_rate": 0.0155, "warmup": 40}, ALL),
        Reach("instability-4", "strides", {"warmup": 9}, (0, 1, 2, 3, 4, 5, 6, 7, 9)),
        Reach(
            "instability-5", "kinds", {"net": "outliers", "warmup": 60}, (0, 1, 2, 3, 4, 6, 7, 9)
        ),
        Reach("instability-6", "axis", {"warmup": 40}, (1, 3, 4, 5, 6, 7, 8, 9)),
        Reach("warmup-4", "warmup_map", {"learning_rate": 0.45, "warmup": 20}, ALL),
        Reach("warmup-6", "ramp", {"learning_rate": 0.055, "warmup": 0}, (2, 8)),
        Reach("fixes-5", "blocks", {"gain": 1.41}, ALL),
        Reach("fixes-6", "mend", {"rule": "sgd", "gain": 0.3}, ALL),
        Reach("clipping-5", "clip", {"threshold": 3}, (0, 1, 2, 3, 4, 5, 7, 8, 9)),
        Reach("clipping-7", "strategies", {"which": "auto90", "warmup": 20}, (0, 1, 2, 6, 8, 9)),
        Reach("optimizers-5", "race", {"learning_rate": 0.12}, ALL),
        Reach("optimizers-6", "thresholds", THIRD, ALL),
        Reach("transformers-5", "attention", {"mend": "qk_norm", "learning_rate": 0.05}, ALL),
        Reach("transformers-6", "late_spikes", {"eps": 0.01}, ALL),
    )
}
