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
    return Shown("half-stall", [Strip(says, _ratio(name, "free"), low, high)])


def _worst(values: Values, *blocks: int) -> np.ndarray:
    return np.max([values[f"best{block}"] for block in blocks], axis=0)


def _best(values: Values, *blocks: int) -> np.ndarray:
    return np.min([values[f"best{block}"] for block in blocks], axis=0)


PEAK = Text("highest loss over the first", "loss tertinggi dibagi loss awal")
FINAL = Text("final loss", "loss akhir")
CHANCE = math.log(10)
"""The loss of guessing one of ten digits."""


SENSITIVITY = Text("sensitivity to the rate", "kepekaan terhadap laju")


def _with_over_without(says: Text, what: str) -> Text:
    return Text(f"{says.en} with {what} over without", f"{says.id} dengan {what} dibagi tanpa")


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
    "attention_becomes_one_hot": Shown("transformers-attention", [
        Strip(Text("largest attention logit at 0.25 over that at 0.0625",
                   "logit attention terbesar pada 0,25 dibagi yang pada 0,0625"),
              _ratio("high", "low"), low=4, part=0),
        Strip(Text("entropy of attention at 0.25, nats", "entropi attention pada 0,25, nat"),
              _row("entropy"), high=0.05, part=1),
    ]),
    "qk_norm_keeps_attention_open": Shown("transformers-mends", [
        Strip(Text("entropy with QK-norm, nats", "entropi dengan QK-norm, nat"),
              _row("open"), low=0.5, part=0),
        Strip(Text("entropy without, nats", "entropi tanpa QK-norm, nat"),
              _row("shut"), high=0.5, part=0),
        Strip(_with_over_without(FINAL, "QK-norm"), _ratio("with_", "without"), high=1, part=1),
    ]),
    "qk_norm_lowers_sensitivity": Shown("transformers-sensitivity", [
        Strip(_with_over_without(SENSITIVITY, "QK-norm"), _ratio("with_", "without"), high=1,
              part=0),
        Strip(Text("best loss with QK-norm less without", "loss terbaik dengan dikurangi tanpa"),
              lambda v: np.subtract(v["best_with"], v["best"]), high=0.02, part=1),
    ]),
    "caps_and_clips_lower_sensitivity": Shown("transformers-sensitivity", [
        Strip(_with_over_without(SENSITIVITY, "soft cap"), _ratio("cap", "without"), high=1,
              part=0),
        Strip(Text(f"{SENSITIVITY.en}, with clipping over without",
                   f"{SENSITIVITY.id}, dengan pemotongan dibagi tanpa"),
              _ratio("clip", "without"), high=1, part=1),
    ]),
    "z_loss_lowers_the_loss": Shown("transformers-outputs", [
        Strip(_with_over_without(Text("log Z", "log Z"), "z-loss"), _ratio("kept", "drift"),
              high=1, part=0),
        Strip(_with_over_without(Text("cross-entropy", "cross-entropy"), "z-loss"),
              _ratio("with_", "without"), high=1, part=1),
    ]),
    "decay_holds_attention_logits": Shown("transformers-decay", [
        Strip(Text("largest attention logit with decay over without",
                   "logit attention terbesar dengan peluruhan dibagi tanpa"),
              _ratio("small", "large"), high=0.5, part=0),
        Strip(Text("final loss with decay over without",
                   "loss akhir dengan peluruhan dibagi tanpa"),
              _ratio("with_", "without"), high=1, part=1),
    ]),
    "qk_norm_takes_warmups_place": Shown("transformers-decay", [
        Strip(Text("what warmup lowers the final loss by, without QK-norm",
                   "penurunan loss akhir oleh warmup, tanpa QK-norm"),
              _row("plain"), low=0, part=0),
        Strip(Text("the same with QK-norm, less half of that without",
                   "sama dengan QK-norm, dikurangi separuh yang tanpa"),
              lambda v: np.subtract(v["normed"], np.divide(v["plain"], 2)), high=0, part=1),
    ]),
    "spikes_follow_the_crossing": Shown("transformers-late", [
        Strip(Text("steps from the crossing to the spike", "langkah dari pelewatan ke lonjakan"),
              _row("after"), -10, 100),
    ]),
    "beta2_sets_when_spikes_come": Shown("transformers-late", [
        Strip(Text("step of the crossing, 0.95 over 0.99", "langkah pelewatan, 0,95 dibagi 0,99"),
              _ratio("short", "middle"), high=1, part=0),
        Strip(Text("the same, 0.99 over 0.999", "sama, 0,99 dibagi 0,999"),
              _ratio("middle", "long"), high=1, part=0),
        Strip(Text("highest late loss, 0.95 over 0.99",
                   "loss akhir tertinggi, 0,95 dibagi 0,99"),
              _ratio("low", "high"), high=1, part=1),
    ]),
    "epsilon_ends_late_spikes": Shown("transformers-late", [
        Strip(Text("highest sharpness over its threshold, at twice the epsilon",
                   "ketajaman tertinggi dibagi ambangnya, pada dua kali epsilon"),
              _row("enough"), high=1, part=0),
        Strip(Text("the same, at a quarter", "sama, pada seperempat"),
              _row("little"), low=1, part=1),
    ]),
    "update_clipping_ends_late_spikes": Shown("transformers-late", [
        Strip(Text("highest late loss with update clipping over without",
                   "loss akhir tertinggi dengan pemotongan pembaruan dibagi tanpa"),
              _ratio("clipped", "plain"), high=1),
    ]),
    "the_rms_warns_of_a_spike": Shown("transformers-late", [
        Strip(Text("highest RMS in the 8 steps before", "RMS tertinggi dalam 8 langkah sebelumnya"),
              _row("before"), low=2.3),
    ]),
    "the_best_rate_falls_with_width": Shown("transformers-decay", [
        Strip(Text("best rate at width 256 over that at 32",
                   "laju terbaik pada lebar 256 dibagi yang pada lebar 32"),
              _ratio("wide", "narrow"), high=0.25),
    ]),
    "mup_keeps_the_best_rate": Shown("transformers-decay", [
        Strip(Text("best rate at width 64 over that at 16",
                   "laju terbaik pada lebar 64 dibagi yang pada lebar 16"),
              _ratio("usual", "narrow"), high=0.25, part=0),
        Strip(Text("the same in muP", "sama dalam muP"), _ratio("mup", "narrow"), 0.5, 2, part=1),
    ]),
    "qk_norm_steadies_a_language_model": Shown("transformers-sensitivity", [
        Strip(_with_over_without(SENSITIVITY, "QK-norm"), _ratio("with_", "without"), high=1),
    ]),
    "tied_embeddings_lower_the_edge": Shown("transformers-decay", [
        Strip(Text("highest rate that trains, tied over not tied",
                   "laju tertinggi yang melatih, diikat dibagi tidak diikat"),
              _ratio("tied", "own"), high=0.5),
    ]),
    "loss_scale_saves_what_float8_loses": Shown("half-scale", [
        Strip(Text("final loss at a scale of 256 over that at 1",
                   "loss akhir pada skala 256 dibagi yang pada 1"),
              _ratio("scaled", "one"), high=0.5),
    ]),
    "float16_needs_a_loss_scale_on_digits": Shown("half-scale", [
        Strip(Text("final loss at a scale of 1 over that at 1,024",
                   "loss akhir pada skala 1 dibagi yang pada 1.024"),
              _ratio("one", "scaled"), low=1.1),
    ]),
    "control_finds_the_scale": Shown("half-scale", [
        Strip(Text("final loss over float32's, controlled from 2^-16",
                   "loss akhir dibagi milik float32, dikendalikan dari 2^-16"),
              _ratio("from_low", "exact"), high=4, part=1),
        Strip(Text("the same, from 2^30", "sama, dari 2^30"),
              _ratio("from_high", "exact"), high=4, part=1),
    ]),
    "skipped_steps_do_no_harm": Shown("half-skipped", [
        Strip(Text("skipped steps of 150", "langkah yang dilewati dari 150"),
              _row("skipped"), low=3, part=0),
        Strip(Text("final loss over float32's", "loss akhir dibagi milik float32"),
              _ratio("ours", "exact"), 0.75, 1.25, part=1),
    ]),
    "bfloat16_weights_stall": Shown("half-stall", [
        Strip(Text("what was learned over what float32 learned",
                   "yang dipelajari dibagi yang dipelajari float32"),
              lambda v: np.subtract(v["start"], v["stalled"]) / np.subtract(v["start"], v["free"]),
              high=0.5),
    ]),
    "master_weights_mend_the_stall": _as_float32("ours", 0.95, 1.05),
    "stochastic_rounding_mends_the_stall": _as_float32("ours", 0.95, 1.05),
    "a_high_rate_hides_the_stall": _as_float32("stalled", -math.inf, 2),
    "float16_overflows_where_bfloat16_does_not": Shown("half-nan", []),
    "adams_second_moment_underflows": Shown("half-nan", [
        Strip(Text("per cent of the terms that are 0", "persen suku yang menjadi 0"),
              _row("share"), low=50),
    ]),
    "lions_best_rate_is_three_to_ten_times_lower": Shown("optimizers-seeds", [
        Strip(Text("AdamW's best rate over Lion's", "laju terbaik AdamW dibagi milik Lion"),
              _ratio("adamw", "lion"), 3, 10),
    ]),
    "lions_edge_lies_below_adamws": Shown("optimizers-seeds", [
        Strip(Text("Lion's first unstable rate over AdamW's",
                   "laju tidak stabil pertama Lion dibagi milik AdamW"),
              _ratio("lion", "adamw"), high=0.25, part=0),
        Strip(Text("room above the best rate, Lion over AdamW",
                   "ruang di atas laju terbaik, Lion dibagi AdamW"),
              _ratio("lion_room", "adamw_room"), low=1, part=1),
    ]),
    "muon_has_more_room_than_adamw": Shown("optimizers-seeds", [
        Strip(Text("room above the best rate, Muon over AdamW",
                   "ruang di atas laju terbaik, Muon dibagi AdamW"),
              _ratio("muon_room", "adamw_room"), low=2),
    ]),
    "muon_at_one_rate_breaks_where_adamw_does": Shown("optimizers-seeds", [
        Strip(Text("first unstable rate, Muon at one rate over AdamW",
                   "laju tidak stabil pertama, Muon dengan satu laju dibagi AdamW"),
              _ratio("tied", "adamw"), 0.5, 2),
    ]),
    "a_bounded_step_has_no_cliff": Shown("optimizers-seeds", [
        Strip(_in_case(FINAL, "Momentum at eight times its best rate",
                       "Momentum pada delapan kali laju terbaiknya"),
              _row("momentum"), low=CHANCE, part=0),
        Strip(_in_case(FINAL, "Lion", "Lion"), _row("lion"), high=CHANCE, part=1),
        Strip(_in_case(FINAL, "Muon", "Muon"), _row("muon"), high=CHANCE, part=2),
    ]),
    "the_decay_halves_the_loss": Shown("optimizers-seeds", [
        Strip(Text("loss after the last fifth over that before, falling rate",
                   "loss setelah seperlima terakhir dibagi sebelumnya, laju turun"),
              _ratio("end", "before"), high=0.5, part=0),
        Strip(Text("the same at a rate that stays", "sama pada laju tetap"),
              _ratio("stayed", "plain"), low=0.5, part=1),
    ]),
    "stable_decay_ends_where_cosine_does": Shown("optimizers-seeds", [
        Strip(Text("final loss, warmup-stable-decay over cosine",
                   "loss akhir, warmup-stable-decay dibagi kosinus"),
              _ratio("ours", "cosine"), 0.9, 1.1),
    ]),
}  # fmt: skip
"""By the claim's function."""
