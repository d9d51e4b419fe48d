"""Where the update rules differ from those of optax, PyTorch and Keras, kept true by a test.

"Agrees" means equal to 12 digits over 40 steps on a matrix, with a rate that drops half way. All
three libraries are run for that at their locked versions. In Adafactor and in Muon's factor Keras
computes a number in 32 bits, and agrees to 6 digits.
"""

import html
from typing import NamedTuple

from stabsim._words import Text, default_language

__all__ = [
    "Row",
    "Table",
    "markdown",
    "table",
]

PEERS = ("optax 0.2", "PyTorch 2", "Keras 3")


class Row(NamedTuple):
    """A rule, whether each of ``PEERS`` agrees (None where it has no such option), and why not."""

    rule: Text
    agrees: tuple[bool | None, ...]
    why: Text


def _plain(words: str) -> Text:
    return Text(words, words)


ROWS = (
    Row(_plain("SGD"), (True, True, True), _plain("")),
    Row(
        _plain("Momentum"),
        (True, True, False),
        Text(
            "Here, in optax and in PyTorch the learning rate stands outside the velocity, and a "
            "change of rate acts at once. Keras multiplies each gradient by its rate before it "
            "enters the velocity, where older rates live on. At a fixed rate it is the same rule.",
            "Di sini, di optax, dan di PyTorch laju pembelajaran berada di luar kecepatan, "
            "sehingga perubahan laju langsung terasa. Keras mengalikan tiap gradien dengan lajunya "
            "sebelum masuk ke kecepatan, sehingga laju lama masih berpengaruh. Pada laju tetap "
            "aturannya sama.",
        ),
    ),
    Row(
        _plain("Nesterov"),
        (True, True, False),
        Text(
            "All use the form with one gradient, taken at the current parameters; for Keras the "
            "same holds as for Momentum.",
            "Semuanya memakai bentuk dengan satu gradien pada parameter saat ini; untuk Keras "
            "berlaku hal yang sama seperti pada Momentum.",
        ),
    ),
    Row(
        _plain("RMSProp"),
        (False, False, False),
        Text(
            "v starts at 1 here and at 0 in the others, whose first steps are therefore larger. "
            "PyTorch also adds ε outside the root and keeps the learning rate outside the "
            "momentum.",
            "v bermula dari 1 di sini dan dari 0 pada yang lain, sehingga langkah-langkah "
            "pertamanya lebih besar. PyTorch juga menambahkan ε di luar akar dan menaruh laju "
            "pembelajaran di luar momentum.",
        ),
    ),
    Row(
        Text("RMSProp, v from 1", "RMSProp, v dari 1"),
        (True, None, None),
        Text(
            "With initial_scale=1.0 optax's is the same rule. PyTorch and Keras have no such "
            "option.",
            "Dengan initial_scale=1.0 aturan optax sama. PyTorch dan Keras tidak mempunyai "
            "pilihan itu.",
        ),
    ),
    Row(
        _plain("Adam"),
        (False, False, True),
        Text(
            "Here and in Keras the bias correction multiplies after the division by √v + ε. The "
            "others correct v first, so their ε is √(1 - β₂ᵗ) times as large against it: at "
            "step 1, a thirtieth.",
            "Di sini dan di Keras koreksi bias dikalikan sesudah pembagian oleh √v + ε. Pada yang "
            "lain v dikoreksi dahulu, sehingga ε-nya, dibandingkan dengan v, √(1 - β₂ᵗ) kali ε "
            "di sini: pada langkah 1, kira-kira 1/30 kalinya.",
        ),
    ),
    Row(
        Text("Adam, ε = 0", "Adam, ε = 0"),
        (True, True, True),
        Text("Without ε the order does not matter.", "Tanpa ε urutannya tidak berpengaruh."),
    ),
    Row(
        Text("NAdam, ε = 0", "NAdam, ε = 0"),
        (False, False, False),
        Text(
            "Here one bias correction serves both terms. optax corrects the momentum's term by "
            "the next step's power of β₁. PyTorch and Keras also let the momentum grow along a "
            "schedule of its own.",
            "Di sini satu koreksi bias dipakai untuk kedua suku. optax mengoreksi suku momentum "
            "dengan pangkat β₁ langkah berikutnya. PyTorch dan Keras juga menaikkan momentum "
            "menurut jadwal tersendiri.",
        ),
    ),
    Row(
        _plain("AdamW"),
        (False, False, True),
        Text(
            "As Adam. In all four the decay is multiplied by the learning rate, schedule and peak; "
            "in the paper by the schedule alone.",
            "Seperti Adam. Pada keempatnya peluruhan dikalikan dengan laju pembelajaran, jadwal "
            "beserta puncaknya; dalam makalahnya dengan jadwalnya saja.",
        ),
    ),
    Row(
        _plain("AdamW, ε = 0"),
        (True, True, True),
        Text(
            "Keras and PyTorch let the weights decay before the step, we and optax within it: the "
            "same sum.",
            "Di Keras dan PyTorch bobot diluruhkan sebelum langkah, di sini dan di optax di dalam "
            "langkah: "
            "jumlahnya sama.",
        ),
    ),
    Row(
        _plain("RAdam"),
        (False, True, None),
        Text(
            "Here and in PyTorch the bias correction multiplies after the division by √v + ε, in "
            "optax before. All three rectify from ρ > 5 on, as the authors' code does; the paper "
            "says 4.",
            "Di sini dan di PyTorch koreksi bias dikalikan sesudah pembagian oleh √v + ε, di "
            "optax sebelumnya. Ketiganya mengoreksi mulai ρ > 5 seperti kode para penulisnya; "
            "makalahnya menyebut 4.",
        ),
    ),
    Row(
        _plain("RAdam, ε = 0"),
        (True, True, None),
        Text("Without ε the order does not matter.", "Tanpa ε urutannya tidak berpengaruh."),
    ),
    Row(_plain("Lion"), (True, None, True), _plain("")),
    Row(
        _plain("Adafactor"),
        (False, True, True),
        Text(
            "optax does not limit the rate to 1/√t, and keeps v whole unless a matrix has 128 rows "
            "and columns. PyTorch puts its ε elsewhere, where gradients of usual size do not "
            "notice.",
            "optax tidak membatasi laju dengan 1/√t, dan menyimpan v secara utuh kecuali "
            "matriksnya memiliki 128 baris dan kolom. PyTorch menaruh ε di tempat lain, yang tidak "
            "terasa pada gradien berukuran wajar.",
        ),
    ),
    Row(
        _plain("Muon"),
        (False, False, False),
        Text(
            "Here and in PyTorch the step is scaled by √max(1, outputs/inputs). optax scales it so "
            "too, but corrects the bias of both terms of Nesterov's sum, each by its own power of "
            "β. PyTorch takes the Newton-Schulz steps in bfloat16. Keras does not scale, if its "
            "rms_rate is None.",
            "Di sini dan di PyTorch langkah dikalikan √max(1, keluaran/masukan). optax juga "
            "demikian, tetapi mengoreksi bias kedua suku dalam jumlah Nesterov, masing-masing "
            "dengan pangkat β-nya sendiri. PyTorch menghitung langkah Newton-Schulz dalam "
            "bfloat16. Keras tidak mengalikannya jika rms_rate-nya None.",
        ),
    ),
    Row(
        Text("Muon, without Nesterov", "Muon, tanpa Nesterov"),
        (True, None, False),
        Text(
            "Without Nesterov's sum a bias correction is a factor, which Newton-Schulz removes.",
            "Tanpa jumlah Nesterov, koreksi bias hanyalah sebuah faktor, yang dihapus oleh "
            "Newton-Schulz.",
        ),
    ),
    Row(
        _plain("Muon, match_rms_adamw"),
        (False, False, True),
        Text(
            "The step times 0.2 √max(outputs, inputs): Keras' default, in PyTorch an option of "
            "this name, in optax consistent_rms. The other differences stay.",
            "Langkah dikalikan 0,2 √max(keluaran, masukan): bawaan Keras, di PyTorch pilihan "
            "bernama ini, di optax consistent_rms. Perbedaan lainnya tetap.",
        ),
    ),
    Row(
        _plain("Schedule-Free AdamW"),
        (False, None, False),
        Text(
            "Here, as in the authors' code, the bias correction is part of the rate, by whose "
            "square the average is weighted: the first steps weigh little. optax weighs by the "
            "uncorrected rate, Keras all steps alike, warmup or not; both add ε to the corrected "
            "root.",
            "Di sini, seperti dalam kode para penulisnya, koreksi bias merupakan bagian dari laju, "
            "yang kuadratnya menjadi bobot rata-rata: langkah-langkah pertama berbobot kecil. "
            "optax memakai laju tanpa koreksi, Keras memberi bobot sama pada semua langkah, dengan "
            "atau tanpa warmup; keduanya menambahkan ε pada akar yang sudah dikoreksi.",
        ),
    ),
    Row(
        _plain("Schedule-Free AdamW, β₂ = 0"),
        (True, None, True),
        Text(
            "Without an average of squares there is no bias, and all three are the same.",
            "Tanpa rata-rata kuadrat tidak ada bias, dan ketiganya sama.",
        ),
    ),
)

WORDS = {
    True: Text("agrees", "sama"),
    False: Text("differs", "berbeda"),
    None: _plain("—"),
}
HEADS = Text("rule", "aturan"), Text("why", "mengapa")


def cells(language: str | None = None) -> list[list[str]]:
    """The table's rows, the heads first, in "en" or "id"."""
    language = default_language() if language is None else language
    first, last = (head.in_(language) for head in HEADS)
    return [[first, *PEERS, last]] + [
        [row.rule.in_(language), *(WORDS[a].in_(language) for a in row.agrees),
         row.why.in_(language)]
        for row in ROWS
    ]  # fmt: skip


def markdown(language: str | None = None) -> str:
    """The table in Markdown, as in ``docs/differences.md``."""
    head, *rows = (f"| {' | '.join(row)} |" for row in cells(language))
    return "\n".join([head, "|---" * (len(PEERS) + 2) + "|", *rows])


class Table:
    """What a cell displays."""

    def __init__(self, language: str | None = None) -> None:
        self.language = language

    def _repr_html_(self) -> str:
        head, *rows = ([html.escape(cell) for cell in row] for row in cells(self.language))
        heads = "".join(f'<th scope="col">{cell}</th>' for cell in head)
        body = "".join(
            f'<tr><th scope="row">{rule}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
            for rule, *rest in rows
        )
        return (f'<div class="pst-scrollable-table-container"><table class="table"><thead><tr>'
                f"{heads}</tr></thead><tbody>{body}</tbody></table></div>")  # fmt: skip

    def __repr__(self) -> str:
        return markdown(self.language)


def table(language: str | None = None) -> Table:
    """The table, to be shown by a cell; in the page's language if none is given."""
    return Table(language)
