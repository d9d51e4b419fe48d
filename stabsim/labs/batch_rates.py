"""Validation error by batch size and learning rate: one rate for all sizes, or each its own."""

from typing import Any

import altair as alt
import jax.numpy as jnp
import numpy as np

from stabsim._computed_once import Arrays, computed_once
from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Choice, Fact, Goal, Idle, Lab, Option, Panel, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.simulation import simulate
from stabsim.statistics import interval
from stabsim.sweeps.sweep import sweep
from stabsim.workloads import Workload, noisy_net, on_test_digits
from stabsim.workloads.examples import ROWS

BATCH_SIZES = (8, 32, 128, 512)
EPOCHS = (5, 10, 20, 40)
RATES = tuple(2.0**k for k in range(-8, 1))
TUNED, REPORTED = range(5), range(5, 15)
"""The seeds that rates are chosen on, and those that the result is reported on."""


def errors(net: Workload, batch_size: int, learning_rate: Any, seed: Any) -> dict[str, Any]:
    """The error after each number of epochs. At a constant rate a short run begins a long one."""
    checkpoints = [epochs * ROWS // batch_size for epochs in EPOCHS]
    trace = simulate(
        net, sgd(learning_rate), steps=checkpoints[-1], batch_size=batch_size, seed=seed,
        evaluate_at=checkpoints,
    )  # fmt: skip
    return dict(zip(map(str, EPOCHS), trace.validation_error, strict=True))


@computed_once
def the_grid() -> Arrays:
    """Errors in per cent, ``(epochs, batch sizes, rates, seeds)``, validated and tested."""

    def swept(net: Workload, seeds: range) -> np.ndarray:
        runs = sweep(
            lambda batch_size, learning_rate, seed: errors(net, batch_size, learning_rate, seed),
            batch_size=BATCH_SIZES, learning_rate=RATES, seed=seeds,
            loop="batch_size", progress=False,
        )  # fmt: skip
        return 100 * np.stack([runs[str(epochs)].to_numpy() for epochs in EPOCHS])

    net = noisy_net()
    return {"validation": swept(net, TUNED), "test": swept(on_test_digits(net), REPORTED)}


def best_rate(batch_size: int, epochs: str) -> float:
    """The rate with the least mean error on validation data after so many epochs."""
    errors = the_grid()["validation"][EPOCHS.index(int(epochs)), BATCH_SIZES.index(batch_size)]
    return RATES[int(errors.mean(-1).argmin())]


CONTROLS = (
    Choice("view", Text("The learning rate is", "Laju pembelajaran"), (
        Option("one", Text("one for all batch sizes", "satu untuk semua ukuran batch"),
               "{learning_rate}"),
        Option("own", Text("each size's best on validation data",
                           "terbaik tiap ukuran (data validasi)"),
               'best_rate(batch_size, "{epochs}")'),
    )),
    Slider("learning_rate", Text("The one learning rate", "Laju bersama"),
           RATES[0], RATES[-1], 2.0**-4, "log", positions=len(RATES) - 1,
           idle=Idle("view", ("own",), Text("Each batch size has its own.",
                                            "Tiap ukuran batch memakai lajunya sendiri."))),
    Choice("epochs", Text("Epochs", "Epoch"),
           tuple(Option(str(n), Text(str(n), str(n))) for n in reversed(EPOCHS))),
)  # fmt: skip


def run(view: Any, learning_rate: Any, epochs: Any) -> Tables:
    known = the_grid()
    after = len(EPOCHS) - 1 - epochs
    tuned, reported = (
        [jnp.asarray(part, jnp.float32)[after] for part in interval(known[name])]
        for name in ("validation", "test")
    )
    best = jnp.argmin(tuned[0], 1)
    one = jnp.argmin(jnp.abs(jnp.log(jnp.asarray(RATES, jnp.float32)) - jnp.log(learning_rate)))
    rate = jnp.where(view == 0, one, best)
    chosen = jnp.arange(len(RATES)) == rate[:, None]
    sizes = np.arange(len(BATCH_SIZES))
    mean, low, high = (jnp.take_along_axis(part, rate[:, None], 1)[:, 0] for part in reported)
    return {
        "rates": {
            "learning_rate": np.tile(np.asarray(RATES, np.float32), len(BATCH_SIZES)),
            "group": np.repeat(sizes, len(RATES)),
            **dict(zip(("error", "low", "high"), (part.ravel() for part in tuned), strict=True)),
            "chosen": chosen.ravel().astype(jnp.int32),
        },
        "sizes": {
            "batch_size": np.asarray(BATCH_SIZES, np.float32),
            "group": sizes,
            "error": mean, "low": low, "high": high,
            "chosen": np.zeros_like(sizes),
        },
        "facts": {
            "smallest": mean[:1], "largest": mean[-1:],
            "ratio": mean[-1:] / mean[:1],
        },
    }  # fmt: skip


LOG = {"format": "~g", "tickCount": 8}
RATE = charts.Across(
    "learning_rate",
    Text("learning rate", "laju pembelajaran"),
    alt.Scale(type="log", domain=[RATES[0] / 1.2, RATES[-1] * 1.2], nice=False),
    LOG,
)
SIZE = charts.Across(
    "batch_size",
    Text("batch size", "ukuran batch"),
    alt.Scale(type="log", domain=[6, 680], nice=False),
    {"values": list(BATCH_SIZES)},
)
ERROR_SCALE = alt.Scale(type="log", domain=[6, 100], nice=False)
ERROR_TICKS = {"values": [7, 10, 20, 40, 80]}
VALIDATED = charts.Across(
    "error",
    Text("validation error in %", "galat validasi dalam %"),
    ERROR_SCALE,
    ERROR_TICKS,
)
TESTED = charts.Across(
    "error", Text("test error in %", "galat uji dalam %"), ERROR_SCALE, ERROR_TICKS
)
NAMES = {place: Text(str(size), str(size)) for place, size in enumerate(BATCH_SIZES)}


def _rates(language: str) -> Any:
    return charts.intervals(language, RATE, VALIDATED, NAMES, SIZE.title)


def _sizes(language: str) -> Any:
    return charts.intervals(language, SIZE, TESTED, NAMES, height=170)


LAB = Lab(
    "batch_rates",
    Text("One rate for all, or each its own", "Satu laju untuk semua, atau laju masing-masing"),
    CONTROLS,
    run,
    (
        Panel("rates", _rates, Text(
            "Validation error against learning rate for four batch sizes, with intervals: four "
            "valleys of the same depth, the larger the batch the further right. Rings mark the "
            "chosen rates.",
            "Galat validasi terhadap laju pembelajaran untuk empat ukuran batch, beserta "
            "selangnya: empat lembah yang sama dalamnya; makin besar batch, makin ke kanan "
            "letaknya. Cincin menandai laju yang dipilih."),
            click=("learning_rate",)),
        Panel("sizes", _sizes, Text(
            "Test error at the chosen rates against batch size, with intervals.",
            "Galat uji pada laju yang dipilih terhadap ukuran batch, beserta selangnya.")),
    ),
    (),
    """import stabsim as ss
from stabsim.labs.batch_rates import best_rate, errors

net = ss.workloads.on_test_digits(ss.workloads.noisy_net())


def experiment(batch_size, seed):
    return errors(net, batch_size, {view}, seed)


runs = ss.sweep(experiment, batch_size=[8, 32, 128, 512], seed=range(5, 15), loop="batch_size")
print(100 * runs["{epochs}"].mean("seed").to_series())
""",
    (Goal(
        Text(
            "Make the largest batch look best: with one rate for all, let its test error be less "
            "than half that of the smallest.",
            "Buat batch terbesar tampak paling baik: dengan satu laju untuk semua, galat "
            "ujinya kurang dari separuh galat uji batch terkecil.",
        ),
        (("view", "==", "one"), ("ratio", "<", 0.5)),
    ),),
    facts=(
        Fact("facts", "smallest", Text("Test error with batches of 8: {value}%,",
                                       "Galat uji dengan batch 8: {value}%,")),
        Fact("facts", "largest", Text("of 512: {value}%;", "dengan batch 512: {value}%;")),
        Fact("facts", "ratio", Text("the largest's is {value}× the smallest's.",
                                    "yang terbesar {value}× yang terkecil.")),
    ),
)  # fmt: skip
