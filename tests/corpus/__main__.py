"""Write down what Python says of every log of the corpus."""

import json

from book.diagnose.words import DROP_INSTEAD
from stabsim._settings import LANGUAGES
from tests.corpus import EXPECTED, Answer, Case, cases, for_the_page, in_python


def answer_to(case: Case) -> Answer:
    """What Python says, and what the page says instead: it reads no event files, for one."""
    answer = in_python(case)
    there = for_the_page(answer)
    if "tfevents" in case.path.name:
        there = {"error": {one: DROP_INSTEAD["binary"].in_(one) for one in LANGUAGES}}
    return answer if there == answer else {**answer, "on the page": there}


if __name__ == "__main__":
    answers = {name: answer_to(case) for name, case in cases().items()}
    text = json.dumps(answers, ensure_ascii=False, indent=1)
    EXPECTED.write_text(text + "\n", encoding="utf8")
