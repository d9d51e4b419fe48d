"""What the page's scripts need to read a typed rule as Python does."""

from typing import Any

from stabsim import typed_rule


def words(language: str) -> dict[str, Any]:
    """Words and numbers, as JSON: what the parser and the edge of Python rest on."""
    return {
        "errors": {name: text.in_(language) for name, text in typed_rule.ERRORS.items()},
        "finish": typed_rule.FINISH.in_(language),
        "functions": typed_rule.FUNCTIONS,
        "longest": typed_rule.LONGEST,
        "mostLines": typed_rule.MOST_LINES,
        "deepest": typed_rule.DEEPEST,
        "edge": {
            "least": typed_rule.LEAST,
            "most": typed_rule.MOST,
            "tried": typed_rule.TRIED,
            "halvings": typed_rule.HALVINGS,
            "steps": typed_rule.EDGE_STEPS,
            "grown": typed_rule.GROWN,
            "blown": typed_rule.BLOWN,
        },
    }
