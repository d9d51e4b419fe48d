"""What is drawn of each claim: numbers of its seeds, and the bounds that it holds them against."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from stabsim._words import Text

Values = Mapping[str, Any]


class Strip(NamedTuple):
    """One number a seed, and where it has to lie.

    Attributes:
        says: what the number is.
        of: the numbers, one a seed, from all that was measured.
        low: the bound below which a seed fails; none if minus infinity.
        high: the bound above which a seed fails; none if infinity.
        part: which of the claim's parts it shows. Without bounds the part is judged from whole
            curves, and the number only shows by how much seeds differ.
    """

    says: Text
    of: Callable[[Values], Any]
    low: float = -math.inf
    high: float = math.inf
    part: int = 0

    @property
    def bounds(self) -> list[float]:
        """The bounds that there are."""
        return [bound for bound in (self.low, self.high) if math.isfinite(bound)]


class Shown(NamedTuple):
    """Where the book has a claim, and what is drawn of it.

    Attributes:
        section: the label of the section.
        strips: what is drawn; nothing of a claim of which only a count over all seeds is kept.
    """

    section: str
    strips: list[Strip]


def _row(name: str) -> Callable[[Values], Any]:
    return lambda values: values[name]


def _ratio(over: str, under: str) -> Callable[[Values], Any]:
    """One quantity of each seed over another of the same seed."""
    return lambda values: np.divide(values[over], values[under])


def _case(name: str, case: str) -> Callable[[Values], Any]:
    return lambda values: values[name][case]


def _edge(section: str = "optimizers-real") -> Shown:
    says = Text("sharpness over its threshold", "ketajaman dibagi ambangnya")
    return Shown(section, [Strip(says, _row("ratio"), 0.9, 1.1)])


def _as_float32(name: str, low: float, high: float) -> Shown:
    says = Text("final loss over float32's", "loss akhir dibagi milik float32")
    return Shown("half_precision-stall", [Strip(says, _ratio(name, "free"), low, high)])


def _worst(values: Values, *blocks: int) -> np.ndarray:
    return np.max([values[f"best{block}"] for block in blocks], axis=0)


def _best(values: Values, *blocks: int) -> np.ndarray:
    return np.min([values[f"best{block}"] for block in blocks], axis=0)


PEAK = Text("highest loss over the first", "loss tertinggi dibagi loss awal")
FINAL = Text("final loss", "loss akhir")
CHANCE = math.log(10)
"""The loss of guessing one of ten digits."""


def _in_case(says: Text, en: str, id: str) -> Text:
    return Text(f"{says.en}, {en}", f"{says.id}, {id}")


SHOWN = {
    "figure_4": Shown("instability-two-nets", [
        Strip(_in_case(PEAK, "stride 2", "langkah geser 2"), _row("calm"), part=1),
        Strip(_in_case(PEAK, "stride 1", "langkah geser 1"), _row("wild"), part=1),
        Strip(_in_case(PEAK, "stride 1, warmup", "langkah geser 1, warmup"), _row("warm"), part=2),
    ]),
    "figure_5": Shown("instability-unseen", [Strip(PEAK, _row("peak"))]),
    "figure_6": Shown("warmup-transformers", [
        Strip(
            Text("shorter warmups' best final loss over the longest's",
                 "loss akhir terbaik warmup pendek dibagi milik yang terpanjang"),
            lambda v: np.min([v["w1"], v["w10"], v["w40"]], axis=0) / v["w1280"], low=1, part=0,
        ),
        Strip(_in_case(FINAL, "longest warmup", "warmup terpanjang"), _row("w1280"), high=0.8,
              part=1),
    ]),
    "figure_7a": Shown("clipping-spikes", [
        Strip(Text("first unstable rate over the best",
                   "laju tidak stabil pertama dibagi laju terbaik"), _row("ratio")),
    ]),
    "figure_7b": Shown("clipping-spikes", [
        Strip(_in_case(FINAL, "ten times the best rate", "sepuluh kali laju terbaik"),
              _row("high")),
        Strip(_in_case(FINAL, "best rate", "laju terbaik"), _row("best")),
    ]),
    "figure_8": Shown("warmup-transformers", [
        Strip(Text("highest rate that trains, with warmup over without",
                   "laju tertinggi yang melatih, dengan warmup dibagi tanpa warmup"),
              _ratio("post_warm", "post"), low=1, part=0),
        Strip(Text("the same, pre-LN over post-LN with warmup",
                   "sama, pre-LN dibagi post-LN dengan warmup"),
              _ratio("pre", "post_warm"), low=1, part=1),
        Strip(Text("the same, pre-LN with warmup over without",
                   "sama, pre-LN dengan warmup dibagi tanpa warmup"),
              _ratio("pre_warm", "pre"), low=1, part=1),
    ]),
    "figure_9": Shown("clipping-early", [
        Strip(_in_case(FINAL, "clipped above the norm", "dipotong di atas norma"), _row("tamed"),
              part=1),
        Strip(Text("final loss clipped below it over above it",
                   "loss akhir jika dipotong di bawahnya dibagi jika di atasnya"),
              _ratio("aggressive", "tamed"), low=1, part=2),
    ]),
    "warmup_opens_high_rates": Shown("warmup-how", [
        Strip(Text("final loss with warmup over the best without",
                   "loss akhir dengan warmup dibagi yang terbaik tanpa warmup"),
              _ratio("warm", "best"), high=1, part=1),
    ]),
    "warmup_needs_instability": Shown("warmup-needless", [
        Strip(Text("validation error with warmup less without",
                   "galat validasi dengan warmup dikurangi tanpa warmup"),
              lambda v: np.subtract(v["with_"], v["without"]), -0.015, 0.015),
    ]),
    "clipping_mends_spikes": Shown("clipping-spikes", [
        Strip(_in_case(FINAL, "as it is", "tanpa perubahan"), _row("without"), part=0),
        Strip(_in_case(FINAL, "warmup", "warmup"), _row("warm"), part=2),
        Strip(_in_case(FINAL, "clipped", "dipotong"), _row("clipped"), high=0.01, part=1),
    ]),
    "clipping_half_is_a_smaller_rate": Shown("clipping-half", [
        Strip(Text("final loss at a smaller rate over that with clipping",
                   "loss akhir pada laju lebih kecil dibagi yang dengan pemotongan"),
              _ratio("plain", "end"), high=1, part=1),
    ]),
    "adam_survives": Shown("fixes-adam", [
        Strip(_in_case(FINAL, "Adam", "Adam"), _row("adam"), high=CHANCE, part=0),
        Strip(_in_case(FINAL, "Momentum", "Momentum"), _row("momentum"), low=CHANCE, part=1),
    ]),
    "residuals_and_normalization": Shown("fixes-places", [
        Strip(Text("final loss, worst of the three that train",
                   "loss akhir, terburuk dari ketiga yang terlatih"),
              lambda v: _worst(v, 4, 5, 6), high=0.1, part=0),
        Strip(Text("final loss, best of the plain ones", "loss akhir, terbaik dari yang polos"),
              lambda v: _best(v, 0, 1, 2), low=1, part=1),
        Strip(Text("final loss with the sum normalized over the worst of the three",
                   "loss akhir dengan jumlah dinormalisasi dibagi terburuk dari ketiganya"),
              lambda v: v["best3"] / _worst(v, 4, 5, 6), low=1, part=2),
    ]),
    "edge_of_gradient_descent": _edge("instability-why"),
    "edge_of_momentum": _edge(),
    "edge_of_nesterov": _edge(),
    "edge_of_adam": _edge(),
    "edge_of_nadam": _edge(),
    "catapult": Shown("warmup-why", [
        Strip(Text("sharpness at the end over that at the start",
                   "ketajaman akhir dibagi ketajaman awal"),
              _row("flatter"), high=1),
    ]),
    "batch_size_tuned": Shown("batch-tuned", [
        Strip(Text("difference between batch sizes at one rate, points",
                   "beda antarukuran batch pada satu laju, poin"),
              _row("fixed"), low=10, part=0),
        Strip(Text("the same, each size tuned", "sama, setiap ukuran disetel"),
              _row("tuned"), high=2.5, part=1),
    ]),
    "steps_to_target": Shown("batch-steps", [
        Strip(Text("examples needed, B = 16 over B = 1",
                   "contoh yang diperlukan, B = 16 dibagi B = 1"),
              _case("ratios", "16/1"), high=1.6, part=0),
        Strip(Text("examples needed, B = 256 over B = 16",
                   "contoh yang diperlukan, B = 256 dibagi B = 16"),
              _case("ratios", "256/16"), low=2.5, part=1),
        Strip(Text("steps needed, B = 256 over B = 1024",
                   "langkah yang diperlukan, B = 256 dibagi B = 1024"),
              _case("ratios", "256/1024"), high=1.6, part=2),
    ]),
    "noise_regularizes": Shown("batch-noise", [
        Strip(Text("test error at B = 512 less B = 4, points",
                   "galat uji B = 512 dikurangi B = 4, poin"),
              lambda v: np.subtract(v["plain"]["512"], v["plain"]["4"]), low=2, part=0),
        Strip(Text("test error at B = 512 with its penalty less B = 4 without, points",
                   "galat uji B = 512 dengan penaltinya dikurangi B = 4 tanpa penalti, poin"),
              lambda v: np.subtract(v["own"]["512"], v["plain"]["4"]), high=0, part=2),
    ]),
    "loss_scale_saves_what_float8_loses": Shown("half_precision-scale", [
        Strip(Text("final loss at a scale of 256 over that at 1",
                   "loss akhir pada skala 256 dibagi yang pada 1"),
              _ratio("scaled", "one"), high=0.5),
    ]),
    "float16_needs_a_loss_scale_on_digits": Shown("half_precision-scale", [
        Strip(Text("final loss at a scale of 1 over that at 1,024",
                   "loss akhir pada skala 1 dibagi yang pada 1.024"),
              _ratio("one", "scaled"), low=1.1),
    ]),
    "control_finds_the_scale": Shown("half_precision-scale", [
        Strip(Text("final loss over float32's, controlled from 2^-16",
                   "loss akhir dibagi milik float32, dikendalikan dari 2^-16"),
              _ratio("from_low", "exact"), high=4, part=1),
        Strip(Text("the same, from 2^30", "sama, dari 2^30"),
              _ratio("from_high", "exact"), high=4, part=1),
    ]),
    "skipped_steps_do_no_harm": Shown("half_precision-skipped", [
        Strip(Text("skipped steps of 150", "langkah yang dilewati dari 150"),
              _row("skipped"), low=3, part=0),
        Strip(Text("final loss over float32's", "loss akhir dibagi milik float32"),
              _ratio("ours", "exact"), 0.75, 1.25, part=1),
    ]),
    "bfloat16_weights_stall": Shown("half_precision-stall", [
        Strip(Text("what was learned over what float32 learned",
                   "yang dipelajari dibagi yang dipelajari float32"),
              lambda v: np.subtract(v["start"], v["stalled"]) / np.subtract(v["start"], v["free"]),
              high=0.5),
    ]),
    "master_weights_mend_the_stall": _as_float32("ours", 0.95, 1.05),
    "stochastic_rounding_mends_the_stall": _as_float32("ours", 0.95, 1.05),
    "a_high_rate_hides_the_stall": _as_float32("stalled", -math.inf, 2),
    "float16_overflows_where_bfloat16_does_not": Shown("half_precision-nan", []),
    "adams_second_moment_underflows": Shown("half_precision-nan", [
        Strip(Text("per cent of the terms that are 0", "persen suku yang menjadi 0"),
              _row("share"), low=50),
    ]),
}  # fmt: skip
"""By the claim's function."""
