"""What the welcome page says of its runs and its lab."""

from stabsim.labs import LABS
from tests.chapters.runs import SEEDS, goals, verdicts


def test_no_rate_alone_reaches_the_first_goal_and_a_warmup_does():
    rates = [LABS["first"].controls[0].at(position) for position in range(101)]
    # From place 60 on no run survives; the lowest losses are a few places before that.
    for place in (*range(0, 46, 5), *range(46, 62), 70, 100):
        assert goals("first", learning_rate=rates[place]) == 0

    def stable(rate):
        """At the rate that the text names, and at the slider's next ones."""
        place = LABS["first"].controls[0].position(rate)
        near = (rates[i] for i in (place - 1, place, place + 1))
        return [verdicts("first", learning_rate=x, warmup=40).count("stable") for x in near]

    for rate in (0.0145, 0.0155, 0.0166):
        assert goals("first", learning_rate=rate, warmup=40) == len(SEEDS)
    assert all(count >= len(SEEDS) - 1 for count in stable(0.0309))
    assert all(abs(count - len(SEEDS) / 2) <= 1 for count in stable(0.0617))
