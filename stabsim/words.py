"""Words in both languages, and numbers as each writes them."""

import math
import os
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

import numpy as np

LANGUAGES = ("en", "id")
THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_UP)  # browsers round a tie up
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text(NamedTuple):
    """The same words in English and in Indonesian."""

    en: str
    id: str

    def in_(self, language: str) -> str:
        return getattr(self, checked(language))


def checked(language: str) -> str:
    """The language's name, if it is one of ours.

    Raises:
        ValueError: if it is not.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {language!r}.")
    return language


def default_language() -> str:
    """The language of the environment variable ``STABSIM_LANGUAGE``; English if not set."""
    return checked(os.environ.get("STABSIM_LANGUAGE", "en"))


def three_digits(x: float | int | np.number) -> float:
    """A number rounded to three significant digits, a tie up as in a browser."""
    return float(THREE_DIGITS.create_decimal(Decimal(float(x))))


def number(x: float | int | np.number, language: str | None = None) -> str:
    """Three significant digits, with a decimal comma in Indonesian: 0.000488, 4,88·10⁻⁷.

    Args:
        x: the number, finite or not.
        language: "en" or "id"; that of ``STABSIM_LANGUAGE`` if not given.
    Raises:
        ValueError: if the language is another.
    """
    language = checked(language or default_language())
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "-∞"
    rounded = f"{three_digits(x) + 0.0:.2e}"  # no minus before 0
    mantissa, exponent = rounded.split("e")
    if x == 0 or 1e-4 <= abs(float(rounded)) < 1e5:
        written = f"{float(rounded):.6f}".rstrip("0").rstrip(".")
    else:
        mantissa = mantissa.rstrip("0").rstrip(".")
        written = f"{mantissa}·10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return written.replace(".", ",") if language == "id" else written


def whole(x: float, language: str | None = None) -> str:
    """A step: in full if it is a whole number, for the reader has to find it; else as a number."""
    return f"{x + 0.0:.0f}" if abs(x) < 1e15 and x == round(x) else number(x, language)


VERDICTS = {
    "stable": Text("stable", "stabil"),
    "early instability": Text("early instability", "ketidakstabilan awal"),
    "early instability with recovery": Text(
        "early instability with recovery", "ketidakstabilan awal yang pulih"
    ),
    "mid-training instability": Text(
        "mid-training instability", "ketidakstabilan di tengah pelatihan"
    ),
    "diverged": Text("diverged", "divergen"),
}

PLOTS = {
    "step": Text("step", "langkah"),
    "steps": Text("steps", "banyaknya langkah"),
    "loss": Text("loss", "loss"),
    "final loss": Text("final loss", "loss akhir"),
    "validation loss": Text("validation loss", "loss validasi"),
    "validation error": Text("validation error", "galat validasi"),
    "gradient norm": Text("gradient norm", "norma gradien"),
    "learning rate": Text("learning rate", "laju pembelajaran"),
    "stride": Text("stride", "langkah geser"),
    "rule": Text("rule", "aturan"),
    "Final loss by block and rate": Text(
        "Final loss by block and rate", "Loss akhir menurut blok dan laju"
    ),
    "threshold": Text("threshold", "ambang"),
    "curvature": Text("curvature", "kelengkungan"),
    "sharpness": Text("sharpness", "ketajaman"),
    "stability threshold": Text("stability threshold", "ambang kestabilan"),
    "feasible": Text("feasible", "layak"),
    "best": Text("best", "terbaik"),
    "infeasible": Text("infeasible", "tidak layak"),
    "Training loss": Text("Training loss", "Loss pelatihan"),
    "Unclipped gradient norm": Text("Unclipped gradient norm", "Norma gradien sebelum pemotongan"),
    "Gradient norms of all steps": Text(
        "Gradient norms of all steps", "Norma gradien pada semua langkah"
    ),
    "Learning-rate sweep": Text("Learning-rate sweep", "Penyapuan laju pembelajaran"),
    "Learning-rate schedule": Text("Learning-rate schedule", "Jadwal laju pembelajaran"),
    "Sharpness against its threshold": Text(
        "Sharpness against its threshold", "Ketajaman terhadap ambangnya"
    ),
    "batch size": Text("batch size", "ukuran batch"),
    "theory": Text("theory", "teori"),
    "gradient variance": Text("gradient variance", "ragam gradien"),
    "Means with 95% intervals": Text(
        "Means with 95% intervals", "Rata-rata dengan selang kepercayaan 95%"
    ),
    "Trajectories": Text("Trajectories", "Lintasan"),
}
"""The words of figures, by themselves in English."""

LOCALES = {"en": "en-US", "id": {"decimal": ",", "thousands": ".", "grouping": [3],
                                  "currency": ["Rp", ""]}}  # fmt: skip
"""How Vega writes numbers in each language."""

SWEEP = {
    "best": Text("Best learning rate: {best}.", "Laju pembelajaran terbaik: {best}."),
    "boundary": Text(
        "It lies at the end of the sweep: sweep further that way.",
        "Laju itu terletak di ujung penyapuan: sapulah lebih jauh ke arah itu.",
    ),
    "edge": Text(
        "Feasible up to {low}, infeasible from {high}.",
        "Layak sampai {low}, tidak layak mulai {high}.",
    ),
    "higher": Text(
        "No rate above it is unstable in this sweep: sweep higher.",
        "Dalam penyapuan ini tidak ada laju di atasnya yang tidak stabil: sapulah lebih tinggi.",
    ),
    "unstable": Text("Unstable from {unstable} on.", "Tidak stabil mulai {unstable}."),
    "limited": Text(
        "The workload is limited by instability: fix that first.",
        "Beban kerja ini dibatasi oleh ketidakstabilan: atasi itu terlebih dahulu.",
    ),
    "free": Text(
        "The best rate lies well below the unstable ones.",
        "Laju terbaik jauh di bawah laju yang tidak stabil.",
    ),
    "none": Text(
        "No learning rate of this sweep is feasible.",
        "Tidak ada laju pembelajaran yang layak dalam penyapuan ini.",
    ),
}

EVIDENCE = {
    "span": Text(
        "The loss starts at {initial} and ends at {final}.",
        "Loss bermula di {initial} dan berakhir di {final}.",
    ),
    "early": Text(
        "It rises early: from {lowest} at step {onset} to {peak} at step {peak_step}, {back}.",
        "Loss naik di awal: dari {lowest} pada langkah {onset} ke {peak} pada langkah "
        "{peak_step}, {back}.",
    ),
    "mid": Text(
        "It rises in mid-training: from {lowest} at step {onset} to {peak} at step "
        "{peak_step}, {back}.",
        "Loss naik di tengah pelatihan: dari {lowest} pada langkah {onset} ke {peak} pada "
        "langkah {peak_step}, {back}.",
    ),
    "recovered": Text("and is back by step {step}", "lalu pulih pada langkah {step}"),
    "lost": Text("and never comes back", "dan tidak pernah pulih"),
    "diverged": Text(
        "It is not finite from step {step} on.",
        "Nilainya tidak lagi berhingga sejak langkah {step}.",
    ),
    "changes": Text("Controls changed: {changes}.", "Kendali yang diubah: {changes}."),
    "gradient": Text(
        "The largest gradient norm is {norm}, at step {step}.",
        "Norma gradien terbesar {norm}, pada langkah {step}.",
    ),
}

LOGS = {
    "no number": Text(
        "{count} cells are no numbers (the first at {first}).",
        "{count} sel bukan bilangan (yang pertama di {first}).",
    ),
    "no step": Text(
        "{count} losses have no finite step (the first at {first}).",
        "{count} loss tidak memiliki langkah yang berhingga (yang pertama di {first}).",
    ),
    "step back": Text(
        "{count} losses come at a step that is not above all before it (the first at {first}).",
        "{count} loss berada pada langkah yang tidak melebihi semua langkah sebelumnya (yang "
        "pertama di {first}).",
    ),
    "too long": Text(
        "{count} lines are too long to be records (the first is {first}).",
        "{count} baris terlalu panjang untuk sebuah catatan (yang pertama {first}).",
    ),
    "other width": Text(
        "{count} rows have more or fewer cells than the first (the first is {first}).",
        "{count} baris memiliki lebih banyak atau lebih sedikit sel daripada baris nama (yang "
        "pertama {first}).",
    ),
    "no object": Text(
        "{count} lines are no JSON objects (the first is {first}).",
        "{count} baris bukan objek JSON (yang pertama {first}).",
    ),
    "truncated": Text(
        "The file ends in the middle of a record, at {first}.",
        "Berkas terputus di tengah sebuah catatan, pada {first}.",
    ),
    "damaged": Text(
        "The file is damaged at {first}; what follows was not read.",
        "Berkas rusak pada {first}; selebihnya tidak dibaca.",
    ),
    "checksum": Text(
        "{count} records do not match their checksums (the first at {first}).",
        "{count} catatan tidak cocok dengan checksum-nya (yang pertama di {first}).",
    ),
    "no event": Text(
        "{count} records are no events (the first at {first}).",
        "{count} catatan bukan event (yang pertama di {first}).",
    ),
    "several: gradient_norm": Text(
        "Several columns may be the gradient norm, and none was taken: name one with "
        "--gradient-norm.",
        "Beberapa kolom mungkin berisi norma gradien dan tidak satu pun dipakai: sebutkan salah "
        "satu dengan --gradient-norm.",
    ),
}
"""What was skipped in a log."""

UNREADABLE = {
    "empty": Text("The file is empty.", "Berkas ini kosong."),
    "long header": Text(
        "The first line is too long for a row of names.",
        "Baris pertama terlalu panjang untuk sebuah baris nama.",
    ),
    "several losses": Text(
        "Several columns may be the training loss: {names}. {ask}",
        "Beberapa kolom mungkin berisi loss pelatihan: {names}. {ask}",
    ),
    "no loss": Text(
        "No column looks like a training loss. The columns are {names}. {ask}",
        "Tidak ada kolom yang tampaknya berisi loss pelatihan. Kolom yang ada: {names}. {ask}",
    ),
    "say which": Text(
        "Say which, as in --loss {example}.", "Sebutkan salah satu, misalnya --loss {example}."
    ),
    "say one": Text(
        "Say which one it is with --loss NAME.", "Sebutkan kolomnya dengan --loss NAMA."
    ),
    "too short": Text(
        "The column {name} holds {count} losses that can be used; at least {least} are needed.",
        "Kolom {name} memuat {count} loss yang dapat dipakai; diperlukan paling sedikit {least}.",
    ),
    "other kind": Text(
        "This is a file of another kind ({kind}). Unpack or export it as CSV or JSON lines first.",
        "Ini berkas jenis lain ({kind}). Bongkar atau ekspor dahulu menjadi CSV atau JSON lines.",
    ),
    "binary": Text(
        "This is a binary file that is no event file of TensorBoard. Logs may be CSV, JSON lines "
        "or TensorBoard's event files.",
        "Ini berkas biner yang bukan berkas event TensorBoard. Log dapat berupa CSV, JSON lines, "
        "atau berkas event TensorBoard.",
    ),
    "no objects": Text(
        "No line is a JSON object. One JSON document is not JSON lines; jq -c '.[]' FILE writes a "
        "list as lines.",
        "Tidak ada baris yang berupa objek JSON. Satu dokumen JSON bukan JSON lines; "
        "jq -c '.[]' FILE menuliskan sebuah daftar per baris.",
    ),
}
"""Why a log cannot be read, where the book's page says it too."""

PLACES = {"line": Text("line {}", "baris {}"), "byte": Text("byte {}", "byte {}")}
"""Where something stands in a file."""

ADVICE = {
    "threshold": Text(
        "Clip the gradient's global norm at {threshold}, the {percentile}th percentile of {base}; "
        "that would have clipped {share} of them.",
        "Potonglah norma global gradien pada {threshold}, persentil ke-{percentile} dari {base}; "
        "ambang itu akan memotong {share} di antaranya.",
    ),
    "judged": Text(
        "Of {base}, the threshold {threshold} would have clipped {share}.",
        "Dari {base}, ambang {threshold} akan memotong {share}.",
    ),
    "all": Text("all {norms} finite norms", "seluruh {norms} norma yang berhingga"),
    "before": Text(
        "the {norms} norms before step {step}, from which the run did not recover",
        "{norms} norma sebelum langkah {step}, yang sesudahnya run tidak pulih",
    ),
    "of all": Text(
        "Of all updates of the log it would have clipped {of_all}.",
        "Dari semua pembaruan dalam log, ambang itu akan memotong {of_all}.",
    ),
    "aggressive": Text(
        "Clipping more than half of the updates is in essence a smaller learning rate: cut the "
        "rate instead.",
        "Memotong lebih dari separuh pembaruan pada hakikatnya sama dengan laju pembelajaran yang "
        "lebih kecil: turunkan saja lajunya.",
    ),
    "no norms": Text(
        "No positive gradient norm was logged, so no threshold can be given. Log the global L2 "
        "norm of the unclipped gradient at every step (see stabsim.adapters).",
        "Log ini tidak memuat norma gradien yang positif, sehingga ambang tidak dapat diberikan. "
        "Catatlah norma L2 global gradien sebelum pemotongan pada setiap langkah (lihat "
        "stabsim.adapters).",
    ),
    "warmed": Text(
        "The logged rate already warms up over {steps} steps.",
        "Laju dalam log sudah memakai warmup selama {steps} langkah.",
    ),
    "rate": Text("{}", "{}"),
    "rate unknown": Text("the present rate", "laju sekarang"),
    "twice": Text("{}, twice that rate", "{}, dua kali laju itu"),
    "twice unknown": Text("twice that rate", "dua kali laju itu"),
    "at": Text("at {}", "pada {}"),
    "at unknown": Text(
        "at the 90th percentile of the norms, once they are logged",
        "pada persentil ke-90 norma, setelah norma itu dicatat",
    ),
    "sweep": Text(
        "Sweep the learning rate around {rate}, and see whether the best rate lies right at the "
        "edge of instability.",
        "Lakukan penyapuan laju pembelajaran di sekitar {rate}, lalu lihat apakah laju terbaik "
        "terletak tepat di tepi ketidakstabilan.",
    ),
    "every-step": Text(
        "If {rate} is the best rate of a sweep, train for 500 steps at {twice}, and log every "
        "step: this shows early instability that recovers between evaluations.",
        "Jika {rate} adalah laju terbaik suatu penyapuan, latihlah 500 langkah pada {twice}, dan "
        "catat setiap langkah: dengan begitu tampak ketidakstabilan awal yang pulih di antara dua "
        "evaluasi.",
    ),
    "warmup": Text(
        "Warm up: let the learning rate climb from 0 to {rate} over the first steps. Try {lengths} "
        "steps, and take the shortest warmup that is stable.",
        "Pakailah warmup: biarkan laju pembelajaran naik dari 0 ke {rate} selama langkah-langkah "
        "pertama. Cobalah {lengths} langkah, dan pakailah warmup terpendek yang stabil.",
    ),
    "clipping": Text(
        "Clip gradients by their global norm {threshold}. If the instability remains, lower the "
        "threshold.",
        "Potonglah gradien menurut norma globalnya {threshold}. Jika tetap tidak stabil, turunkan "
        "ambangnya.",
    ),
    "optimizer": Text(
        "Try another optimizer: Adam sometimes copes where Momentum does not. Tune its rate anew.",
        "Cobalah optimizer lain: Adam kadang sanggup ketika Momentum tidak. Setel ulang lajunya.",
    ),
    "architecture": Text(
        "Bring the architecture in order: residual connections, and normalization as the last "
        "operation before the addition, x + Norm(f(x)), not Norm(x + f(x)).",
        "Benahi arsitekturnya: koneksi residual, dan normalisasi sebagai operasi terakhir sebelum "
        "penjumlahan, x + Norm(f(x)), bukan Norm(x + f(x)).",
    ),
    "rezero": Text(
        "Start the residual branches at zero, as ReZero does.",
        "Mulailah cabang residual dari nol, seperti ReZero.",
    ),
    "lower-rate": Text(
        "Lower the learning rate below {rate}: the last resort.",
        "Turunkan laju pembelajaran sampai di bawah {rate}: upaya terakhir.",
    ),
    "nothing left": Text(
        "Every experiment of the playbook's list was tried.",
        "Semua percobaan dalam daftar playbook sudah dicoba.",
    ),
    "sparse": Text(
        "This log has a record every {every} steps: an early instability that recovers in between "
        "does not show in it.",
        "Log ini hanya mencatat setiap {every} langkah: ketidakstabilan awal yang pulih di antara "
        "dua catatan tidak tampak di dalamnya.",
    ),
    "uneven": Text(
        "Some steps of this log are missing: an early instability that recovers in between does "
        "not show in it.",
        "Sebagian langkah tidak ada dalam log ini: ketidakstabilan awal yang pulih di antaranya "
        "tidak tampak.",
    ),
}
"""What to do about a log; experiments by the names of stabsim.advice."""

REPORT = {
    "log": Text("Log", "Log"),
    "read": Text(
        "{records} records, steps {first} to {last}, from {columns}.",
        "{records} catatan, langkah {first} sampai {last}, dari {columns}.",
    ),
    "numbered": Text("numbered rows", "baris bernomor"),
    "verdict": Text("Verdict", "Putusan"),
    "clipping": Text("Clipping", "Pemotongan gradien"),
    "next": Text("Next", "Percobaan berikutnya"),
    "skipped": Text("Skipped", "Dilewati"),
    "title": Text("Diagnosis of {name}", "Diagnosis {name}"),
    "smoothed": Text("running median", "median bergerak"),
    "loss caption": Text(
        "Training loss against the step. The band spans the lowest and highest loss of each "
        "stretch of the log; the line is the running median by which rises are judged.{marks}",
        "Loss pelatihan terhadap langkah. Pita membentang dari loss terendah sampai loss tertinggi "
        "pada tiap ruas log; garisnya median bergerak yang dipakai untuk menilai kenaikan.{marks}",
    ),
    "marks": Text(
        " Triangles mark where a rise began, crosses its peak, circles where it had recovered.",
        " Segitiga menandai awal suatu kenaikan, silang menandai puncaknya, lingkaran menandai "
        "saat loss pulih.",
    ),
    "norm caption": Text(
        "Unclipped gradient norm against the step: the band spans the lowest and highest norm of "
        "each stretch.{line}",
        "Norma gradien sebelum pemotongan terhadap langkah: pita membentang dari norma terendah "
        "sampai norma tertinggi pada tiap ruas.{line}",
    ),
    "histogram caption": Text(
        "Gradient norms of all steps, on a logarithmic axis.{line}",
        "Norma gradien pada semua langkah, pada sumbu logaritmik.{line}",
    ),
    "line": Text(
        " The dashed line is the threshold {threshold}.",
        " Garis putus-putus menunjukkan ambang {threshold}.",
    ),
    "more": Text(
        "{count} more rises follow; stabsim diagnose --json lists them all.",
        "Masih ada {count} kenaikan lagi; stabsim diagnose --json memuat semuanya.",
    ),
    "by": Text("Made by stabsim diagnose.", "Dibuat dengan stabsim diagnose."),
}
"""The words of a report on a log."""

DROP = {
    "title": Text("Diagnose a log", "Diagnosis sebuah log"),
    "noscript": Text(
        "The tool on this page needs JavaScript. The command does the same without it:",
        "Alat di halaman ini memerlukan JavaScript. Perintah berikut melakukan hal yang sama "
        "tanpanya:",
    ),
    "choose": Text("Choose a log", "Pilih berkas log"),
    "formats": Text("CSV or JSON lines.", "CSV atau JSON lines."),
    "or drop": Text(
        "You can also drop it on this page.", "Berkasnya dapat juga diseret ke halaman ini."
    ),
    "here": Text(
        "It is read here, in your browser. Nothing is sent anywhere.",
        "Berkas dibaca di sini, di peramban Anda. Tidak ada yang dikirim ke mana pun.",
    ),
    "examples": Text("No log at hand?", "Belum ada log?"),
    "progress": Text("How much is read", "Banyaknya yang sudah dibaca"),
    "reading": Text("Reading {name} …", "Membaca {name} …"),
    "done": Text("{name} is diagnosed.", "{name} sudah didiagnosis."),
    "one": Text(
        "One log at a time, please: {name} was taken.",
        "Satu log saja setiap kali: yang dipakai {name}.",
    ),
    "gone": Text(
        "This cannot be read: it is a folder, or has changed since it was chosen. Choose the file "
        "again.",
        "Ini tidak dapat dibaca: bukan berkas melainkan folder, atau sudah berubah sejak dipilih. "
        "Pilihlah berkasnya sekali lagi.",
    ),
    "failed": Text("It could not be diagnosed: {error}", "Diagnosis gagal: {error}"),
    "columns": Text("Columns", "Kolom"),
    "loss": Text("Training loss", "Loss pelatihan"),
    "step": Text("Step", "Langkah"),
    "gradient_norm": Text("Gradient norm", "Norma gradien"),
    "learning_rate": Text("Learning rate", "Laju pembelajaran"),
    "choose one": Text("choose", "pilih"),
    "none": Text("none", "tidak ada"),
    "number": Text("number the rows", "nomori baris"),
    "clip": Text("Where to clip", "Ambang pemotongan"),
    "percentile": Text("At this percentile of the norms", "Pada persentil ke berapa dari norma"),
    "threshold": Text(
        "Or judge a threshold of your own", "Atau nilailah ambang pilihan Anda sendiri"
    ),
    "tried": Text("Tried already", "Sudah dicoba"),
    "sweep": Text("a sweep of the learning rate", "penyapuan laju pembelajaran"),
    "every-step": Text(
        "a short run at twice the best rate, every step logged",
        "run singkat pada dua kali laju terbaik, dengan setiap langkah dicatat",
    ),
    "warmup": Text("warmup", "warmup"),
    "clipping": Text("gradient clipping", "pemotongan gradien"),
    "optimizer": Text("another optimizer", "optimizer lain"),
    "architecture": Text(
        "residual connections and normalization", "koneksi residual dan normalisasi"
    ),
    "rezero": Text("branches that start at zero", "cabang yang mulai dari nol"),
    "lower-rate": Text("a lower learning rate", "laju pembelajaran yang lebih rendah"),
    "not finite": Text(
        " Crosses at the upper edge stand where a loss is not finite.",
        " Silang di tepi atas menandai loss yang tidak berhingga.",
    ),
}
"""The words of the page that diagnoses a log dropped on it."""

DROP_INSTEAD = {
    "several: gradient_norm": Text(
        "Several columns may be the gradient norm, and none was taken: choose one in the menu.",
        "Beberapa kolom mungkin berisi norma gradien dan tidak satu pun dipakai: pilihlah salah "
        "satu dalam menu.",
    ),
    "say which": Text("Choose one in the menu below.", "Pilihlah salah satu dalam menu di bawah."),
    "say one": Text("Choose it in the menu below.", "Pilihlah kolomnya dalam menu di bawah."),
    "binary": Text(
        "This is a binary file, and this page reads CSV and JSON lines. TensorBoard's event files "
        "are read by the command stabsim diagnose.",
        "Ini berkas biner, sedangkan halaman ini membaca CSV dan JSON lines. Berkas event "
        "TensorBoard dapat dibaca dengan perintah stabsim diagnose.",
    ),
}
"""What the page says where the command names its options."""
