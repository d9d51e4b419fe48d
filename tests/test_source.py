"""What names a state of the source: all code that is reached, and none of its words."""

import pytest

from stabsim import _source

PACKAGE = {
    "__init__": "from stabsim.rule import sgd as sgd\nfrom stabsim.other import unused as unused\n",
    "rule": 'import numpy\nfrom stabsim.step import step\n\ndef sgd():\n    """Words."""\n'
    "    return step\n",
    "step": "def step():\n    from stabsim.late import late\n    return late\n",
    "late": "late = 1\n",
    "other": "unused = 2\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of these modules, and a function that changes one and gives the digest then."""
    (tmp_path / "stabsim").mkdir()
    monkeypatch.setattr(_source, "ROOT", tmp_path)

    def digest(name="stabsim.sgd", **changes):
        for module, code in (PACKAGE | changes).items():
            (tmp_path / "stabsim" / f"{module}.py").write_text(code)
        for cached in (_source.digest, _source._home, _source._imported, _source._code):
            cached.cache_clear()
        return _source.digest(name)

    yield digest
    for cached in (_source.digest, _source._home, _source._imported, _source._code):
        cached.cache_clear()


def test_what_is_reached(package):
    package()
    assert _source.reached(["stabsim.sgd"]) == {f"stabsim.{m}" for m in ("rule", "step", "late")}
    assert _source.reached(["numpy"]) == set()


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"late": "late = 2\n"}, True),
        ({"rule": PACKAGE["rule"].replace("return step", "return -step")}, True),
        ({"rule": PACKAGE["rule"].replace("Words.", "Other words, and more.")}, False),
        ({"step": "# a comment\n" + PACKAGE["step"]}, False),
        ({"other": "unused = 3\n"}, False),
    ],
)
def test_code_that_is_reached_counts_and_words_do_not(package, changes, counts):
    assert (package() != package(**changes)) is counts


def test_a_lab_does_not_hang_on_another():
    assert "stabsim.labs.kinds" not in _source.reached(["stabsim.labs.first"])
    assert "stabsim.simulation" in _source.reached(["stabsim.labs.first"])
