"""The prediction of the page on the playbook's walk."""

from stabsim._words import Text
from stabsim.exercises.frame.prediction import Choose

EXERCISES = ()
BUILDS = ()

PREDICTIONS = (
    Choose("playbook-cause", Text("What will be found to limit the rate?",
                                  "Menurut hasilnya nanti, apa yang membatasi laju itu?"), (
        Text("No instability: the best rate is simply a higher one.",
             "Bukan ketidakstabilan: laju terbaiknya memang lebih tinggi daripada laju sekarang."),
        Text("Instability in the first steps, for which a warmup is tried first.",
             "Ketidakstabilan pada langkah-langkah pertama, sehingga warmup dicoba lebih dahulu."),
        Text("Instability in mid-training, when a warmup would be over.",
             "Ketidakstabilan di tengah pelatihan, ketika warmup sudah selesai."),
    ), 1, Text("Above the best rate the runs rise or diverge at once. What helps stands in the "
               "result.",
               "Di atas laju terbaik, loss langsung naik atau divergen. Perbaikan yang membantu "
               "disebutkan dalam hasilnya.")),
)  # fmt: skip
