"""How the room of a statement is told, and how weights are nudged."""

import inspect
import json

import jax
import numpy as np
import pytest

import stabsim as ss
from claims.kept import code
from claims.portable import HOMES, KEPT, MODULES, PAGES, begun, measure, rows, table
from claims.processors import Machine, same_bits
from claims.statement import AS_DRAWN, Nudge, Statement


@pytest.mark.parametrize(
    ("statement", "margin"),
    [
        (Statement("", 12.0, low=10.0), 0.2), (Statement("", 12.0, high=10.0), -0.2),
        (Statement("", 9.0, 6.0, 10.0), 0.1), (Statement("", 3.0, 3.0, 3.0), 0),
        (Statement("", 0, high=0), 0), (Statement("", np.nan, low=1.0), np.nan),
    ],
)  # fmt: skip
def test_the_margin_is_the_distance_to_the_nearest_end_as_a_share_of_it(statement, margin):
    assert statement.margin == pytest.approx(margin, nan_ok=True)
    assert statement.holds == (margin >= 0)


def test_a_nudge_moves_every_weight_by_up_to_its_share():
    net, key = ss.workloads.mlp(depth=2, width=8), jax.random.key(0)
    assert AS_DRAWN(net) is net
    drawn, up, down = (
        jax.tree.leaves(n(net).init(key)) for n in (Nudge(), Nudge(0.1), Nudge(-0.1))
    )
    for w, more, less in zip(drawn, up, down, strict=True):
        share = np.asarray(more - w)[np.asarray(w) != 0] / np.asarray(w)[np.asarray(w) != 0]
        assert (np.abs(share) <= 0.1001).all()
        assert np.asarray(less - w) == pytest.approx(-np.asarray(more - w), abs=1e-6)
    shares = [np.abs(np.asarray(more - w)).max() for w, more in zip(drawn, up, strict=True)]
    assert max(shares) > 0
    params = net.init(key)
    assert float(Nudge(1e-6)(net).loss(params)) == pytest.approx(float(net.loss(params)))


def test_every_statement_of_a_page_is_listed():
    for module, said in zip(MODULES, PAGES.values(), strict=True):
        makers = [f for f in vars(module).values() if inspect.isgeneratorfunction(f)]
        assert makers == said


def test_what_is_not_nudged_is_measured_once(monkeypatch):
    def nudged(nudge):
        yield Statement("size", nudge.size, -1, 1)

    def fixed(_):
        yield Statement("one", 1.0, 1, 1)

    monkeypatch.setitem(PAGES, "page", [nudged, fixed])
    assert measure("page") == [
        ["nudged: size", -1, 1, 0, 1e-6, -1e-6], ["fixed: one", 1, 1, 1]
    ]  # fmt: skip


def test_a_row_holds_what_was_measured_under_every_set():
    found = {"native": [["text", "-inf", 2, 1, 1.5, 1]], "AVX": [["text", "-inf", 2, 1, 3, 1]]}
    ((*row,),) = rows({"pages": {"page": {"under": found}}})
    assert [one.value for one in row] == [1, 1.5, 1, 1, 3, 1]
    assert [one.holds for one in row].count(False) == 1


def test_what_is_kept_is_of_every_page_as_it_stands_and_holds():
    kept = json.loads(KEPT.read_text(encoding="utf8"))
    assert {page: one["code"] for page, one in kept["pages"].items()} == {
        page: code(module) for page, module in HOMES.items()
    }
    assert not [one for row in rows(kept) for one in row if not one.holds]
    assert KEPT.with_name("PORTABLE.md").read_text(encoding="utf8") == table(kept)


def test_another_machine_stands_beside_what_is_kept(monkeypatch):
    other = Machine("other", 4, {"dense": {"native": "native"}})
    old = json.loads(KEPT.read_text(encoding="utf8"))
    monkeypatch.setattr("claims.portable.here", lambda known: other)
    kept, machine = begun(["index"])
    assert machine is other
    assert kept["machines"] == [*old["machines"], other._asdict()]
    assert kept["pages"] == old["pages"]
    monkeypatch.setattr("claims.portable.here", lambda known: known[0])
    kept, first = begun(["index"])
    assert kept["machines"] == old["machines"]
    gone = [label for label in old["pages"]["index"]["under"] if label.startswith(first.processor)]
    assert gone
    assert set(kept["pages"]["index"]["under"]) == set(old["pages"]["index"]["under"]) - set(gone)
    assert kept["pages"]["warmup"] == old["pages"]["warmup"]


def test_the_table_says_under_what_each_page_was_measured():
    alike = {"dense": {"native": "native", "AVX2": "native", "AVX": "AVX", "SSE4_2": "AVX"}}
    page = {"code": "", "block": 8, "under": {"any: native": [["text", 1, 4, 2, 2.5, 3]]}}
    machine = {"processor": "any", "cores": 2, "alike": alike}
    pages = {"page": page, "other": {"under": {}}}
    found = table({"jaxlib": "1", "machines": [machine], "pages": pages})
    assert "Under any: native; in blocks of 8 runs." in found
    assert "| text | 2 to 3 | 1 to 4 | 25% |" in found
    assert "Not measured yet: other." in found
    assert same_bits(alike).endswith("short runs: dense: AVX2 as native, SSE4_2 as AVX.")
