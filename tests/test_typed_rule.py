"""Update rules that are typed: how they are read, what they compute, and that the page agrees."""

import json
from contextlib import suppress

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

import stabsim as ss
from book import rule_page
from book.rule_page import words
from stabsim._settings import LANGUAGES
from stabsim._words import number
from stabsim.rules.experiment import BATCH, RACE_STEPS, RATES, boxes, learn, walk
from stabsim.rules.typed import (
    FINISH,
    LONGEST,
    MOST_LINES,
    PRESETS,
    RuleError,
    TypedRule,
    edge,
    parse,
    typed_rule,
)
from stabsim.workloads.any_surface import NAMES
from tests.browser import WIDE, visit, watch
from tests.node import READ, in_node

KNOWN = {
    "sgd": ss.sgd, "momentum": ss.momentum, "nesterov": ss.nesterov,
    "rmsprop": lambda rate: ss.rmsprop(rate, gamma=0.9), "adam": ss.adam, "nadam": ss.nadam,
    "adamw": ss.adamw, "radam": ss.radam, "schedule_free_adamw": ss.schedule_free_adamw,
    "lion": ss.lion,
}  # fmt: skip
"""The book's rules at the metaparameters of their presets."""

SOON = "nesterov", "radam", "schedule_free_adamw"
"""Those that are compared at each test; a form that is written anew is a risk."""

MORE = [
    "v = 0.9*v + g\ntheta -= lr*v",
    "m = 0.95*m + 0.05*g\ntheta = theta - lr*sign(m)*abs(m)**0.5",
    "s = 0.9*s + 0.1*norm(g)**2\ntheta = theta - lr*g/(sqrt(s) + 0.1)",
    "theta = theta - lr*clip(g, -0.01, 0.01)",
    "theta = theta*(1 - lr*0.01) - lr*g",
    "a_0 = 0.5\na = max(a*0.99, 0.1)\ntheta = theta - lr*a*g",
    "theta = theta - lr/(1 + t/100)*g",
    "theta = theta - lr*tanh(g*3)/3",
    "# averaged weights, which nothing reads\nw = 0.9*w + 0.1*theta\ntheta = theta - lr*g",
    "theta = theta - lr*exp(-t/50)*g - lr*log(1 + t)*0.1*g",
    "theta = θ - η*g * min(1, 2/norm(g))",
    "p = norm(theta)\nq = norm(g)\ntheta = theta - lr*g*p/(q + 1e-6)*0.1",
    "v = 0.5*v + 2**-1*g\ntheta = theta - 2*lr*v",
    "constructor = 0.5*constructor + g\ntheta = theta - lr*constructor",
]
"""Rules that learn, besides the presets."""

WRONG = {
    "": ("empty", 1, 1),
    "# nothing": ("empty", 1, 1),
    "v = 0.9*v + g": ("no theta", 1, 1),
    "v_0 = 1\n\nv = g": ("no theta", 3, 1),
    "theta = theta - lr*G": ("unknown", 1, 20),
    "v = g\ntheta = theta - lr*w*v": ("unknown", 2, 20),
    "theta = theta - lr*(g": ("close", 1, 22),
    "theta = theta - lr*g)": ("end", 1, 21),
    "theta = theta^2": ("caret", 1, 14),
    "theta = theta - 0,9*g": ("comma", 1, 18),
    "theta = theta - lr*@g": ("character", 1, 20),
    "t = 3": ("fixed", 1, 1),
    "theta = g\nsqrt = 3": ("fixed", 2, 1),
    "theta = sqrt": ("bare function", 1, 9),
    "theta = sqrt(g, 2)": ("arguments", 1, 9),
    "theta = eval(g)": ("function", 1, 9),
    "theta = constructor(g)": ("function", 1, 9),
    "theta = theta.real": ("character", 1, 14),
    "theta = toString": ("unknown", 1, 9),
    "theta = __proto__": ("unknown", 1, 9),
    "v_0 = g\nv = g\ntheta = v": ("start", 1, 1),
    "g_0 = 1\ntheta = g": ("start", 1, 1),
    "w_0 = 1\ntheta = g": ("start of none", 1, 1),
    "theta theta": ("equals", 1, 7),
    "3 = g": ("target", 1, 1),
    "theta = ": ("value", 1, 9),
    "theta = *g": ("value", 1, 9),
    "theta = " + "(" * 60: ("deep", 1, 49),
    "theta = " + "-" * 60 + "g": ("deep", 1, 49),
    "theta = g\n" * (MOST_LINES + 1): ("long", 1, 1),
    "#" * (LONGEST + 1): ("long", 1, 1),
}
"""What cannot be read, and where it is wrong."""

PAGE_READS = (
    READ
    + """import { parse } from "./typed.mjs";
const out = given.texts.map((text) => given.words.map((words) => {
  try {
    const { lines, starts, vectors } = parse(text, words);
    return { lines, starts: Object.fromEntries(starts), vectors: [...vectors].sort() };
  } catch (error) {
    return { key: error.key, line: error.line, column: error.column, said: error.message };
  }
}));
process.stdout.write(JSON.stringify(out));
"""
)


def read_here(text: str, language: str) -> object:
    """What the page should make of a text, as JSON."""
    try:
        rule = parse(text)
    except RuleError as error:
        where = {"key": error.key, "line": error.line, "column": error.column}
        return where | {"said": error.sentence(language)}
    read = {"lines": rule.lines, "starts": dict(rule.starts), "vectors": sorted(rule.vectors)}
    return json.loads(json.dumps(read))


def assert_page_reads_the_same(texts: list[str]) -> None:
    languages = ("en", "id")
    page = in_node(PAGE_READS, {"texts": texts, "words": [words(code) for code in languages]})
    here = [[read_here(text, code) for code in languages] for text in texts]
    assert page == here


def test_page_reads_the_same():
    assert_page_reads_the_same([*PRESETS.values(), *MORE, *WRONG])


PIECES = [
    "theta", "g", "lr", "t", "v", "v_0", "norm", "clip", "min", "sqrt", "(", ")", ",", " ", "=",
    "+=", "+", "-", "*", "**", "/", "^", "0.9", "2", "1e-8", ".5", "\n", "#", "θ", "$", "\r\n",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=60))
def test_any_text_is_read_or_refused(texts):
    for text in texts:
        with suppress(RuleError):
            parse(text)


def test_page_reads_any_text_the_same():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(PIECES, rng.integers(1, 14))) for _ in range(1500)]
    assert_page_reads_the_same(["theta = " + text for text in texts] + texts)


@pytest.mark.parametrize(("text", "where"), WRONG.items(), ids=range(len(WRONG)))
def test_what_cannot_be_read_is_pointed_at(text, where):
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert (caught.value.key, caught.value.line, caught.value.column) == where


def test_precedence_is_pythons():
    theta, g = 1.7, 0.3
    expression = "-theta**2**0.5*g/-2 - (1 - g)**-2 + 2*3**2"
    init, update = typed_rule(f"theta = {expression}", 0.1)
    moved, _ = update(jnp.float32(g), init(jnp.float32(theta)), jnp.float32(theta))
    wanted = -(theta ** (2**0.5)) * g / -2 - (1 - g) ** -2 + 2 * 3**2
    assert float(moved) + theta == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        n
        if n in ("nesterov", "radam", "schedule_free_adamw")
        else pytest.param(n, marks=pytest.mark.long)
        for n in KNOWN
    ],
)
def test_presets_are_the_books_rules(name):
    net = ss.workloads.mlp(depth=2, width=16)

    def losses(rule):
        return np.asarray(ss.simulate(net, rule, steps=60, batch_size=32).loss)

    rate = RATES[name]
    typed = losses(typed_rule(PRESETS[name], rate))
    np.testing.assert_allclose(typed, losses(KNOWN[name](rate)), rtol=1e-4)
    assert typed[-1] < 0.9 * typed[0]


def test_schedules_and_sweeps_take_a_typed_rule():
    net = ss.workloads.quadratic([1.0, 4.0])

    def experiment(learning_rate):
        ramp = ss.schedules.linear_warmup(learning_rate, 10)
        return ss.simulate(net, typed_rule("theta -= lr*g", ramp), steps=60)

    runs = ss.sweep(experiment, learning_rate=[0.1, 0.4, 0.6], progress=False)
    assert ss.diagnose_sweep(runs).edge == (0.4, pytest.approx(0.6))
    trace = ss.simulate(net, typed_rule("theta -= lr*g", 0.1), steps=5, measure_sharpness_at=[2])
    assert np.isnan(trace.threshold).all()


def test_a_rule_needs_the_parameters():
    init, update = typed_rule("theta = theta - lr*g", 0.1)
    with pytest.raises(TypeError, match="params must be given"):
        update(jnp.ones(2), init(jnp.ones(2)))


# --- the edge ---

LINEAR = {
    "theta = theta - lr*g": 2.0,
    "v = 0.9*v + g\ntheta = theta - lr*v": 3.8,
    "v = 0.9*v + g\ntheta = theta - lr*(0.9*v + g)": 3.8 / 2.8,
    "v = 0.5*v + g\ntheta = theta - lr*(0.5*v + g)": 3.0 / 2.0,
    "v = 0.9*v + 0.1*g\ntheta = theta - lr*v": 38.0,
    "theta = theta - 4*lr*g": 0.5,
}
"""Linear rules, and where theory has their edge."""


@pytest.mark.parametrize(("text", "known"), LINEAR.items(), ids=range(len(LINEAR)))
def test_edge_of_a_linear_rule_is_that_of_theory(text, known):
    assert edge(parse(text)).value == pytest.approx(known, rel=3e-3)


@pytest.mark.parametrize("name", ["sign", "clipped", "adam", "lion", "schedule_free_adamw"])
def test_bounded_steps_have_no_edge(name):
    assert edge(parse(PRESETS[name])).value is None


def test_decay_alone_diverges_at_twice_its_inverse():
    """Adam's steps are bounded, but 1 - lr 0.01 is not once lr is 200."""
    assert edge(parse(PRESETS["adamw"])).value == pytest.approx(200, rel=3e-3)


def test_a_rule_that_climbs_grows_at_every_rate():
    found = edge(parse("theta = theta + lr*g"))
    assert found.value == found.least


PAGE_EDGES = (
    READ
    + """import { edge, parse } from "./typed.mjs";
const out = given.texts.map((text) => edge(parse(text, given.words), given.words.edge));
process.stdout.write(JSON.stringify(out));
"""
)


@pytest.mark.parametrize(
    "texts",
    [
        [*list(LINEAR)[:2], PRESETS["adam"], MORE[7]],
        pytest.param([*LINEAR, *PRESETS.values(), *MORE], marks=pytest.mark.long),
    ],
    ids=["some", "all"],
)
def test_page_measures_the_same_edge(texts):
    page = in_node(PAGE_EDGES, {"texts": texts, "words": words("en")})
    assert isinstance(page, list)
    for text, there in zip(texts, page, strict=True):
        here = edge(parse(text)).value
        assert (there is None) == (here is None), text
        assert there == here or there == pytest.approx(here, rel=2e-3), text


# --- training in the page ---

PAGE_TRAINS = (
    READ
    + """import { parse, runner } from "./typed.mjs";
const out = given.texts.map((text) => {
  const theta = new Float32Array(given.start);
  const step = runner(parse(text, given.words), theta.length);
  return given.spectra.map((row) => {
    const g = new Float32Array(theta.length).map((_, i) => Math.fround(row[i] * theta[i]));
    step(theta, g, given.rate);
    return [...theta];
  });
});
process.stdout.write(JSON.stringify(out));
"""
)


def test_page_computes_the_same_steps():
    """On a bowl whose curvatures change from step to step, as minibatches' do."""
    rng = np.random.default_rng(1)
    spectra = rng.uniform(0.5, 2, (50, 7)).astype(np.float32)
    start = rng.normal(size=7).astype(np.float32)
    texts = [*PRESETS.values(), *MORE]
    page = in_node(PAGE_TRAINS, {
        "texts": texts, "words": words("en"), "start": start.tolist(),
        "spectra": spectra.tolist(), "rate": 0.01,
    })  # fmt: skip
    assert isinstance(page, list)
    for text, there in zip(texts, page, strict=True):
        rule = typed_rule(text, 0.01)

        def step(carry, h, rule=rule):
            theta, state = carry
            updates, state = rule.update(h * theta, state, theta)
            return (theta + updates, state), theta + updates

        theta = jnp.asarray(start)
        _, here = jax.lax.scan(step, (theta, rule.init(theta)), jnp.asarray(spectra))
        np.testing.assert_allclose(np.asarray(there), here, rtol=1e-5, atol=1e-5, err_msg=text)


# --- the lab ---


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The folder of the page's programs."""
    folder = tmp_path_factory.mktemp("rule")
    rule_page.save_programs(folder)
    return folder


PAGE_TRIES = (
    READ
    + """import { attempt, programs } from "./attempt.mjs";
import { parse } from "./typed.mjs";
const found = await programs(given.source);
const out = given.asked.map((one) => {
  const { loss, path } = attempt(found, given.known, parse(one.text, given.known.words), one);
  return { loss: [...loss], path: [...path] };
});
process.stdout.write(JSON.stringify(out));
"""
)

TRIED = {**{text: rate for (name, text), rate in zip(PRESETS.items(), RATES.values(), strict=True)},
         **dict.fromkeys(MORE, 0.02)}  # fmt: skip


SOME = [PRESETS["adam"], PRESETS["lion"], MORE[2], MORE[5]]


@pytest.mark.long_runs
@pytest.mark.parametrize(
    ("texts", "surface"),
    [(SOME, NAMES[0]), pytest.param(list(TRIED), NAMES[1], marks=pytest.mark.long)],
    ids=["some", "all"],
)
def test_page_tries_as_python_does(compiled, texts, surface):
    """Stable runs agree, on the digits for as long as last bits have not grown."""
    assert len(TRIED) >= 20
    asked = [{"text": t, "rate": TRIED[t], "surface": surface, "seed": 3} for t in texts]
    known = {
        "words": rule_page.words("en"), "steps": 60, "batch": BATCH, "raceSteps": RACE_STEPS,
        "boxes": boxes(),
    }  # fmt: skip
    page = in_node(PAGE_TRIES, {"source": f"file://{compiled}/", "asked": asked, "known": known})
    assert isinstance(page, list)
    for one, there in zip(asked, page, strict=True):
        rule = TypedRule(jnp.float32(one["rate"]), parse(one["text"]))
        loss = np.asarray(learn(rule, 3).loss)
        np.testing.assert_allclose(there["loss"], loss[:60], rtol=1e-5, err_msg=one["text"])
        path = np.asarray(walk(rule, NAMES.index(surface), 3).parameters).ravel()
        if np.isfinite(path).all() and np.abs(path).max() < 10:
            np.testing.assert_allclose(there["path"], path, atol=1e-4, err_msg=one["text"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_widget_tries_what_is_typed(language):
    widget = ss.rules.show(language).widget()
    first = widget.said.value
    assert all("<svg" in picture.value for picture in widget.pictures.values())
    widget.text.value = "theta = theta - lr*(g"
    assert str(RuleError("close", 1, 22, found=FINISH).sentence(language)) in widget.said.value
    widget.text.value = "theta = theta - lr*g"
    assert widget.said.value not in (first, "")
    assert number(2.0, language) in widget.said.value


# --- in the page ---

PAGE = "optimizers.html"
RULE = "section[data-rule]"


def opened(context, address, language="en", **options):
    page = context(**({"viewport": WIDE} | options)).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}{language}/{PAGE}")
    page.locator(f"{RULE}[data-ready]").wait_for()
    page.locator(".prediction-held button").last.click()  # the one that holds back this lab
    return page, wrong


def tried(page, times):
    page.wait_for_function(
        """([rule, times]) => Number(document.querySelector(rule).dataset.runs) >= times
           && !document.querySelector(rule).hasAttribute("aria-busy")""",
        arg=[RULE, times],
    )
    return page.locator(f"{RULE} .lab-report").inner_text()


def test_a_rule_typed_in_the_page_is_tried(context, address):
    page, wrong = opened(context, address)
    report = page.locator(f"{RULE} .lab-report").inner_text()
    assert number(ss.momentum(1.0).threshold(1.0), "en") in report
    field = page.locator("#rule-text")
    field.press("Control+End")
    field.press_sequentially(" ")
    assert tried(page, 1) == report, "What is drawn first is what the page computes."
    field.fill("v = 0.9*v + g\ntheta = theta - lr*(0.9*v + g)")
    assert "1.36" in tried(page, 2)
    assert page.locator(f"{RULE} canvas").count() == 3
    link = page.url
    field.fill("v = 0.9*v + g\ntheta = theta - lr*(0.9*v + G)")
    alert = page.locator(f"{RULE} .rule-wrong")
    expect(alert).to_contain_text("Line 2, character 29: G is not one of theta")
    assert "1.36" in page.locator(f"{RULE} .lab-report").inner_text()
    page.locator("#rule-preset").select_option("sign")
    assert "no run blew up" in tried(page, 3)
    expect(alert).to_have_text("")
    page.goto(link)
    assert "1.36" in tried(page, 1)
    assert "0.9*v + g)" in page.locator("#rule-text").input_value()
    page.locator("a.language-switch").click()
    page.wait_for_url("**/id/**")
    page.locator(f"{RULE}[data-ready]").wait_for()
    assert "1,36" in tried(page, 1)
    assert not wrong


def test_a_rule_is_no_code(context, address):
    page, wrong = opened(context, address)
    page.evaluate("() => { globalThis.touched = false; }")
    for text in ("theta = touched", "theta = alert(1)", "theta = self.touched", "theta = g; g"):
        page.locator("#rule-text").fill(text)
        expect(page.locator(f"{RULE} .rule-wrong")).to_contain_text("Line 1")
    assert page.evaluate("() => globalThis.touched") is False
    assert page.locator(RULE).get_attribute("data-runs") is None
    assert not wrong
