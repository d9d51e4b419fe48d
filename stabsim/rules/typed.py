r"""An update rule that is typed: lines of arithmetic, in the notation of the book.

Momentum, for instance, reads::

    v = 0.9*v + g
    theta = theta - lr*v

At each step the lines run from the top. They may read ``theta``, the parameters; ``g``, their
gradient; ``lr``, the learning rate; ``t``, the number of the step, 0 at the first; and every
name that a line sets, which keeps its value until it is set again. At the first step such a
name is 0, or the number that a line ``v_0 = 1`` gives it. A name holds a number, or a number
for each parameter. ``norm(x)`` is the L2 norm over all parameters.

The text is never run as Python. A parser of its own, here and in the page, knows expressions
alone, and the two are held together by the cases of ``tests/typed``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Int

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim._words import Text
from stabsim.optimizers import LearningRate, Optimizer
from stabsim.schedules import Rate, as_schedule

__all__ = ["Edge", "RuleError", "TypedRule", "edge", "typed_rule"]

GIVEN = ("theta", "g", "t", "lr")
"""What every rule is given. Only the first may be set for the next step."""

GREEK = {"θ": "theta", "η": "lr"}

LONGEST, MOST_LINES, DEEPEST = 2000, 30, 40
"""Characters and lines of a rule, and brackets within each other, at most."""

FUNCTIONS: dict[str, int] = {
    "sqrt": 1, "abs": 1, "sign": 1, "exp": 1, "log": 1, "tanh": 1, "norm": 1,
    "min": 2, "max": 2, "clip": 3,
}  # fmt: skip
"""The functions, and how many arguments each takes."""

ERRORS = {
    "empty": Text(
        "The rule is empty. The shortest is theta = theta - lr*g.",
        "Aturannya kosong. Aturan terpendek: theta = theta - lr*g.",
    ),
    "no theta": Text(
        "No line sets theta, so nothing would be learned.",
        "Tidak ada baris yang mengubah theta, jadi tidak ada yang dipelajari.",
    ),
    "long": Text(
        "A rule has at most {most} characters and {lines} lines.",
        "Aturan paling banyak berisi {most} karakter dan {lines} baris.",
    ),
    "deep": Text(
        "Brackets are nested more than {most} deep.",
        "Tanda kurung bersarang lebih dari {most} tingkat.",
    ),
    "character": Text("{found} has no meaning here.", "{found} tidak bermakna di sini."),
    "caret": Text("A power is written **, not ^.", "Pangkat ditulis **, bukan ^."),
    "comma": Text(
        "Numbers take a decimal point here: 0.9.", "Bilangan di sini memakai titik desimal: 0.9."
    ),
    "target": Text(
        "A line sets a name, as in v = 0.9*v + g; here it begins with {found}.",
        "Setiap baris memberi nilai pada sebuah variabel, seperti v = 0.9*v + g; baris ini "
        "dimulai dengan {found}.",
    ),
    "equals": Text(
        "After {name} an = was expected, not {found}.",
        "Setelah {name} seharusnya ada =, bukan {found}.",
    ),
    "value": Text(
        "A number, a name or a bracket was expected, not {found}.",
        "Di sini seharusnya ada bilangan, variabel, atau tanda kurung, bukan {found}.",
    ),
    "close": Text("A ) was expected, not {found}.", "Di sini seharusnya ada ), bukan {found}."),
    "end": Text(
        "The line should end here, but {found} follows.",
        "Baris ini seharusnya berakhir di sini, tetapi diikuti {found}.",
    ),
    "unknown": Text(
        "{name} is not one of theta, g, t and lr, and no line sets it.",
        "{name} bukan theta, g, t, atau lr, dan tidak diberi nilai oleh baris mana pun.",
    ),
    "function": Text(
        "{name} is not a function here. The functions are {known}.",
        "{name} bukan fungsi yang tersedia. Yang tersedia: {known}.",
    ),
    "bare function": Text(
        "{name} is a function: write {name}(...).", "{name} adalah fungsi: tulis {name}(...)."
    ),
    "arguments": Text(
        "Wrong number of arguments for {name}: {count} instead of {wanted}.",
        "Banyaknya argumen {name} salah: {count}, seharusnya {wanted}.",
    ),
    "fixed": Text(
        "{name} comes from the training and cannot be set.",
        "{name} berasal dari pelatihan dan tidak dapat diubah.",
    ),
    "start": Text(
        "{name} is where {of} starts: a number, without names.",
        "{name} adalah nilai awal {of}: harus berupa bilangan, tanpa variabel.",
    ),
    "start of none": Text(
        "{name} is where {of} would start, but no line sets {of}.",
        "{name} adalah nilai awal {of}, tetapi tidak ada baris yang memberi nilai pada {of}.",
    ),
    "place": Text("Line {line}, character {column}: ", "Baris {line}, karakter {column}: "),
}
"""What can be wrong with a rule; "place" stands before it."""

FINISH = Text("the end of the line", "akhir baris")


class RuleError(ValueError):
    """A rule that cannot be read.

    Attributes:
        key: which of ``ERRORS`` it is.
        line, column: where, counted from 1.
        text: what is wrong, in both languages.
    """

    def __init__(self, key: str, line: int, column: int, **values: Any) -> None:
        self.key, self.line, self.column = key, line, column
        self.text = Text(
            *(
                said.format(
                    **{k: v.in_(code) if isinstance(v, Text) else v for k, v in values.items()}
                )
                for code, said in zip(("en", "id"), ERRORS[key], strict=True)
            )
        )
        super().__init__(self.sentence("en"))

    def sentence(self, language: str) -> str:
        """Where and what, in "en" or "id"."""
        place = ERRORS["place"].in_(language).format(line=self.line, column=self.column)
        return place + self.text.in_(language)


Node = tuple
"""``("number", 0.9)``, ``("name", "v")``, ``("-", a)``, ``("+", a, b)`` or ``("sqrt", a)``."""


class Rule(NamedTuple):
    """A rule as it is read.

    Attributes:
        lines: (name, expression) pairs, in order.
        starts: (name, value) pairs of the names that do not start at 0.
        vectors: the names that hold a number for each parameter.
    """

    lines: tuple[tuple[str, Node], ...]
    starts: tuple[tuple[str, float], ...]
    vectors: frozenset[str]

    @property
    def states(self) -> list[str]:
        """The names that are remembered from step to step."""
        return sorted({name for name, _ in self.lines} - set(GIVEN))


# --- reading ---


class Token(NamedTuple):
    """A piece of a line: its kind ("number", "name", "sign" or "end"), text, and column from 1."""

    kind: str
    text: str
    column: int

    @property
    def found(self) -> str | Text:
        """What it is, for a message."""
        return FINISH if self.kind == "end" else self.text


NEWLINE = re.compile("\r\n|\r|\n")

PIECE = re.compile(
    r"(?P<space>[ \t]+|#.*)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z\u0391-\u03a9\u03b1-\u03c9_][A-Za-z\u0391-\u03a9\u03b1-\u03c9_0-9]*)"
    r"|(?P<sign>\*\*=?|[-+*/]=?|[=(),])"
)


def _tokens(line: str, place: int) -> list[Token]:
    found, at = [], 0
    while at < len(line):
        match = PIECE.match(line, at)
        if match is None:
            key = "caret" if line[at] == "^" else "character"
            raise RuleError(key, place, at + 1, found=line[at])
        if match.lastgroup != "space":
            text = GREEK.get(match[0], match[0])
            found.append(Token(str(match.lastgroup), text, at + 1))
        at = match.end()
    return [*found, Token("end", "", at + 1)]


class _Line:
    """The expressions of one line, by recursive descent: one method a level of precedence."""

    def __init__(self, tokens: list[Token], place: int) -> None:
        self.tokens, self.place, self.at, self.depth = tokens, place, 0, 0
        self.names: list[Token] = []

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> Token | None:
        """The next token if it is one of these signs."""
        if self.next.kind != "sign" or self.next.text not in texts:
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def fail(self, key: str, token: Token, **values: Any) -> RuleError:
        return RuleError(key, self.place, token.column, found=token.found, **values)

    def target(self) -> tuple[Token, str]:
        """The name that the line sets, and the sign before the = of ``+=`` and the like."""
        token = self.next
        if token.kind != "name":
            raise self.fail("target", token)
        self.at += 1
        sign = self.take("=", "+=", "-=", "*=", "/=", "**=")
        if sign is None:
            raise self.fail("equals", self.next, name=token.text)
        if token.text in GIVEN[2:] or token.text in FUNCTIONS:
            raise self.fail("fixed", token, name=token.text)
        if sign.text != "=":
            self.names.append(token)
        return token, sign.text[:-1]

    def whole(self) -> Node:
        """An expression up to the end of the line."""
        node = self.sum()
        if self.next.kind != "end":
            before = self.tokens[self.at - 1]
            comma = self.next.text == "," and before.kind == "number"
            raise self.fail("comma" if comma else "end", self.next)
        return node

    def sum(self) -> Node:
        node = self.product()
        while sign := self.take("+", "-"):
            node = (sign.text, node, self.product())
        return node

    def product(self) -> Node:
        node = self.signed()
        while sign := self.take("*", "/"):
            node = (sign.text, node, self.signed())
        return node

    def signed(self) -> Node:
        if sign := self.take("-", "+"):
            inner = self.deeper(sign, self.signed)
            return ("-", inner) if sign.text == "-" else inner
        return self.power()

    def power(self) -> Node:
        node = self.value()
        if sign := self.take("**"):
            return ("**", node, self.deeper(sign, self.signed))
        return node

    def value(self) -> Node:
        token = self.next
        self.at += token.kind in ("number", "name")
        if token.kind == "number":
            return ("number", float(token.text))
        if token.kind == "name":
            bracket = self.take("(")
            if bracket:
                return self.call(token)
            if token.text in FUNCTIONS:
                raise self.fail("bare function", token, name=token.text)
            self.names.append(token)
            return ("name", token.text)
        if bracket := self.take("("):
            node = self.deeper(bracket, self.sum)
            self.close()
            return node
        raise self.fail("value", token)

    def call(self, name: Token) -> Node:
        if name.text not in FUNCTIONS:
            raise self.fail("function", name, name=name.text, known=", ".join(FUNCTIONS))
        given = [self.deeper(name, self.sum)]
        while self.take(","):
            given.append(self.deeper(name, self.sum))
        self.close()
        wanted = FUNCTIONS[name.text]
        if len(given) != wanted:
            raise self.fail("arguments", name, name=name.text, wanted=wanted, count=len(given))
        return (name.text, *given)

    def close(self) -> None:
        if not self.take(")"):
            raise self.fail("close", self.next)

    def deeper(self, token: Token, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail("deep", token, most=DEEPEST)
        node = read()
        self.depth -= 1
        return node


def parse(text: str) -> Rule:
    """Read a rule.

    Args:
        text: its lines. Empty lines, and what follows a ``#``, are skipped.
    Raises:
        RuleError: if it cannot be read, with the line and the character.
    """
    lines = NEWLINE.split(text)
    if not lines[-1]:
        lines.pop()
    if len(text) > LONGEST or len(lines) > MOST_LINES:
        raise RuleError("long", 1, 1, most=LONGEST, lines=MOST_LINES)
    set_by: dict[str, tuple[int, Token]] = {}
    read: list[tuple[int, Token]] = []
    rule: list[tuple[str, Node]] = []
    starts: dict[str, tuple[int, Token, float]] = {}
    for place, line in enumerate(lines, 1):
        tokens = _tokens(line, place)
        if len(tokens) == 1:
            continue
        here = _Line(tokens, place)
        target, sign = here.target()
        node = here.whole()
        if target.text.endswith("_0"):
            of = target.text[:-2]
            if here.names or sign or of in GIVEN:
                raise here.fail("start", target, name=target.text, of=of)
            starts[of] = (place, target, _constant(node))
            continue
        if sign:
            node = (sign, ("name", target.text), node)
        read += [(place, token) for token in here.names]
        set_by[target.text] = (place, target)
        rule.append((target.text, node))
    if not rule and not starts:
        raise RuleError("empty", 1, 1)
    for place, token in read:
        if token.text not in GIVEN and token.text not in set_by:
            raise RuleError("unknown", place, token.column, name=token.text)
    for of, (place, token, _) in starts.items():
        if of not in set_by:
            raise RuleError("start of none", place, token.column, name=token.text, of=of)
    if "theta" not in set_by:
        raise RuleError("no theta", len(lines), 1)
    given = tuple((name, value) for name, (_, _, value) in sorted(starts.items()))
    return Rule(tuple(rule), given, _vectors(rule))


def _constant(node: Node) -> float:
    with jax.ensure_compile_time_eval():
        return float(evaluate(node, {}))


def _vectors(lines: list[tuple[str, Node]]) -> frozenset[str]:
    """The names that hold a number for each parameter: those that are made of such names."""
    known = {"theta", "g"}
    while more := {name for name, node in lines if _is_vector(node, known)} - known:
        known |= more
    return frozenset(known)


def _is_vector(node: Node, known: set[str]) -> bool:
    kind, *parts = node
    if kind == "name":
        return parts[0] in known
    return kind not in ("number", "norm") and any(_is_vector(part, known) for part in parts)


# --- computing ---


OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "**": lambda x, y: x**y,
    "sqrt": jnp.sqrt,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "exp": jnp.exp,
    "log": jnp.log,
    "tanh": jnp.tanh,
    "norm": lambda x: jnp.sqrt(jnp.sum(x * x)),
    "min": jnp.minimum,
    "max": jnp.maximum,
    "clip": lambda x, low, high: jnp.minimum(jnp.maximum(x, low), high),
}


SMALL = {("number", float(n)): n for n in range(1, 9)}
"""The exponents that are worked out by products."""


def evaluate(node: Node, values: Mapping[str, Any]) -> Array:
    """What an expression comes to; each value is a number or of shape ``(n,)``."""
    kind, *parts = node
    if kind == "number":
        return jnp.asarray(parts[0], jnp.result_type(float))
    if kind == "name":
        return values[parts[0]]
    if kind == "**" and parts[1] in SMALL:
        return evaluate(parts[0], values) ** SMALL[parts[1]]  # a product, as fast as one
    given = [evaluate(part, values) for part in parts]
    if kind == "-":
        return -given[0] if len(given) == 1 else given[0] - given[1]
    return OPERATIONS[kind](*given)


class TypedState(NamedTuple):
    step: Int[Array, ""]
    values: dict[str, Array]


@pytree
class TypedRule(Optimizer):
    """A typed rule at a learning rate."""

    learning_rate: Rate
    rule: Rule = static()

    def init(self, params: Tree) -> TypedState:
        flat, _ = ravel_pytree(params)
        starts = dict(self.rule.starts)
        shapes = {n: flat.shape if n in self.rule.vectors else () for n in self.rule.states}
        values = {n: jnp.full(shape, starts.get(n, 0.0), flat.dtype) for n, shape in shapes.items()}
        return TypedState(jnp.zeros((), jnp.int32), values)

    def update(
        self, grads: Tree, state: TypedState, params: Tree | None = None
    ) -> tuple[Tree, TypedState]:
        if params is None:
            raise TypeError("params must be given: a typed rule reads theta.")
        theta, unravel = ravel_pytree(params)
        g, _ = ravel_pytree(grads)
        given = {"theta": theta, "g": g, "t": state.step.astype(theta.dtype),
                 "lr": jnp.asarray(self.rate(state), theta.dtype)}  # fmt: skip
        after = run_lines(self.rule, given | state.values)
        values = {name: after[name] for name in state.values}
        return unravel(after["theta"] - theta), TypedState(state.step + 1, values)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        """NaN: theory knows nothing of a rule that was just typed; :func:`edge` measures it."""
        return jnp.full_like(learning_rate, jnp.nan)


def run_lines(rule: Rule, values: dict[str, Array]) -> dict[str, Array]:
    """The values after one step, in which the lines run from the top."""
    values = dict(values)
    for name, node in rule.lines:
        shape = values["theta"].shape if name in rule.vectors else ()
        values[name] = jnp.broadcast_to(evaluate(node, values), shape).astype(values["theta"].dtype)
    return values


def typed_rule(text: str, learning_rate: LearningRate) -> TypedRule:
    r"""An update rule from its text.

    Args:
        text: the lines, as the head of :mod:`stabsim.rules.typed` says.
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule.
    Returns:
        An ``(init, update)`` pair, whose ``update`` needs the parameters.
    Raises:
        RuleError: if the text cannot be read, with the line and the character.
        ValueError: if the learning rate is negative or not finite.
        TypeError: if it is no number.
    Examples:
        >>> init, update = typed_rule("theta = theta - lr*sign(g)", 0.5)
        >>> theta = jnp.float32(2.0)
        >>> float(update(jnp.float32(3.0), init(theta), theta)[0])
        -0.5
    """
    _check.rate("learning_rate", learning_rate)
    return TypedRule(as_schedule(learning_rate), parse(text))


# --- the edge ---


class Edge(NamedTuple):
    r"""Where a rule becomes unstable on the parabola :math:`\ell = h \theta^2 / 2`.

    Attributes:
        value: the least :math:`\eta h` that was seen to grow; None if none was.
        least, most: what was tried, in :math:`\eta h`.
    """

    value: float | None
    least: float
    most: float


LEAST, MOST, TRIED, HALVINGS = 1e-2, 1e3, 101, 16
"""The range of rates on a parabola of curvature 1, how many are tried, and how often the gap
between the last stable and the first unstable one is halved."""

EDGE_STEPS, GROWN, BLOWN = 6000, 10.0, 1e6
"""Steps of a run; it grew if its last third reaches that many times further than all before it,
and blew up beyond the last number. Swings of rules like Adam's come and go, and grow less."""


@jax.jit
def _grows(rule: Optimizer) -> Array:
    """Whether a run from 1 on the parabola of curvature 1 grows."""

    def step(carry: Any, _: None) -> Any:
        theta, state = carry
        updates, state = rule.update(theta, state, theta)
        return (theta + updates, state), jnp.abs(theta)

    theta = jnp.ones(())
    far = jax.lax.scan(step, (theta, rule.init(theta)), None, EDGE_STEPS)[1]
    before, last = jnp.max(far[: -EDGE_STEPS // 3]), jnp.max(far[-EDGE_STEPS // 3 :])
    # A comparison with NaN is false, so what is asked is whether all stayed within.
    return ~(jnp.all(far < BLOWN) & (last <= GROWN * before))


def edge(rule: Rule) -> Edge:
    r"""Measure where a rule becomes unstable, on runs of one parameter.

    Args:
        rule: as :func:`parse` reads it.
    Returns:
        The least :math:`\eta h` at which a run grows. For a linear rule that is where theory has
        it, within two thousandths: what grows too slowly is not seen. A rule whose steps are of
        a given size, such as sign descent, has none.
    Examples:
        >>> round(edge(parse("theta = theta - lr*g")).value, 2)
        2.0
    """
    rates = jnp.geomspace(LEAST, MOST, TRIED)
    grown = jax.vmap(lambda rate: _grows(TypedRule(rate, rule)))(rates)
    if not grown.any():
        return Edge(None, LEAST, MOST)
    first = int(grown.argmax())
    if first == 0:
        return Edge(LEAST, LEAST, MOST)

    def halve(_: Any, gap: Any) -> Any:
        middle = jnp.sqrt(gap[0] * gap[1])
        grows = _grows(TypedRule(middle, rule))
        return jnp.where(grows, gap[0], middle), jnp.where(grows, middle, gap[1])

    _, high = jax.lax.fori_loop(0, HALVINGS, halve, (rates[first - 1], rates[first]))
    return Edge(float(high), LEAST, MOST)


PRESETS: dict[str, str] = {
    "sgd": "theta = theta - lr*g",
    "momentum": "v = 0.9*v + g\ntheta = theta - lr*v",
    "nesterov": "v = 0.9*v + g\ntheta = theta - lr*(0.9*v + g)",
    "rmsprop": "v_0 = 1\nv = 0.9*v + 0.1*g**2\nm = 0.9*m + lr/sqrt(v + 1e-8)*g\ntheta = theta - m",
    "adam": "m = 0.9*m + 0.1*g\nv = 0.999*v + 0.001*g**2\n"
    "b = sqrt(1 - 0.999**(t + 1))/(1 - 0.9**(t + 1))\n"
    "theta = theta - lr*b*m/(sqrt(v) + 1e-8)",
    "nadam": "m = 0.9*m + 0.1*g\nv = 0.999*v + 0.001*g**2\n"
    "b = sqrt(1 - 0.999**(t + 1))/(1 - 0.9**(t + 1))\n"
    "theta = theta - lr*b*(0.9*m + 0.1*g)/(sqrt(v) + 1e-8)",
    "adamw": "m = 0.9*m + 0.1*g\nv = 0.999*v + 0.001*g**2\n"
    "b = sqrt(1 - 0.999**(t + 1))/(1 - 0.9**(t + 1))\n"
    "theta = theta - lr*(b*m/(sqrt(v) + 1e-8) + 0.01*theta)",
    "radam": "m = 0.9*m + 0.1*g\nv = 0.999*v + 0.001*g**2\n"
    "n = n + (t + 1)*0.999**t\nw = w + 0.999**t\nrho = 2*n/w - 1\n"
    "on = max(0, sign(rho - 5))  # 1 once v has seen enough\n"
    "r = sqrt(max(0, (rho - 4)*(rho - 2)*1999/(1995*1997*rho)))\n"
    "p = sqrt(1 - 0.999**(t + 1))*r/(sqrt(v) + 1e-8)\n"
    "theta = theta - lr*m/(1 - 0.9**(t + 1))*(on*p + 1 - on)",
    "schedule_free_adamw": "first = max(0, 1 - t)  # 1 at the first step, then 0\n"
    "z = z + first*theta\nx = x + first*theta\n"
    "v = 0.999*v + 0.001*g**2\na = lr*sqrt(1 - 0.999**(t + 1))\ns = s + a**2\n"
    "z = z - a*g/(sqrt(v) + 1e-8)\nx = x + a**2/s*(z - x)\ntheta = 0.1*z + 0.9*x",
    "sign": "theta = theta - lr*sign(g)",
    "lion": "u = sign(0.9*m + 0.1*g)\nm = 0.99*m + 0.01*g\ntheta = theta - lr*u",
    "clipped": "theta = theta - lr*g*min(1, 1/norm(g))",
}
"""The playbook's six rules at usual metaparameters, and six more.

Adafactor and Muon are not among them: in this language the parameters are one vector, without rows,
columns and arrays of their own.
"""
