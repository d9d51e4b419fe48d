"""The words of the page that diagnoses a log, in both languages."""

from stabsim._words import Text

DROP = {
    "title": Text("Diagnose a log", "Diagnosis log"),
    "noscript": Text(
        "The tool on this page needs JavaScript. The command does the same without it:",
        "Alat di halaman ini memerlukan JavaScript. Tanpa JavaScript, pakai perintah berikut:",
    ),
    "choose": Text("Choose a log", "Pilih berkas log"),
    "formats": Text(
        "CSV, JSON, or the text that a trainer prints.",
        "CSV, JSON, atau teks keluaran program pelatihan.",
    ),
    "paste": Text("Or paste it here:", "Atau tempelkan di sini:"),
    "pasted": Text("pasted text", "teks yang ditempelkan"),
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
    "unread": Text("No log: {names}.", "Bukan log: {names}."),
    "gone": Text(
        "This cannot be read: it is a folder, or has changed since it was chosen. Choose the file "
        "again.",
        "Tidak dapat dibaca: ini sebuah folder, atau berkasnya sudah berubah sejak dipilih. Pilih "
        "berkasnya sekali lagi.",
    ),
    "failed": Text("It could not be diagnosed: {error}", "Diagnosis gagal: {error}"),
    "columns": Text("Columns", "Kolom"),
    "loss": Text("Training loss", "Loss pelatihan"),
    "step": Text("Step", "Langkah"),
    "gradient_norm": Text("Gradient norm", "Norma gradien"),
    "learning_rate": Text("Learning rate", "Laju pembelajaran"),
    "validation_loss": Text("Validation loss", "Loss validasi"),
    "choose one": Text("choose", "pilih"),
    "none": Text("none", "tidak ada"),
    "number": Text("number the rows", "nomori baris"),
    "runs": Text("Several runs, or several losses", "Beberapa run, atau beberapa loss"),
    "run": Text("The report is on", "Laporan ini tentang"),
    "clip": Text("Where to clip", "Ambang pemotongan"),
    "percentile": Text("At this percentile of the norms", "Persentil norma yang dipakai"),
    "threshold": Text("Or judge a threshold of your own", "Atau uji ambang pilihan Anda sendiri"),
    "tried": Text("Tried already", "Sudah dicoba"),
    "sweep": Text("a sweep of the learning rate", "sweep laju pembelajaran"),
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
    "first-nan": Text("a search for the first NaN", "pencarian NaN yang pertama"),
    "skip-batches": Text("going back and skipping batches", "mundur dan melewati batch"),
    "beta2": Text("a lower beta2 of Adam", "beta2 Adam yang lebih kecil"),
    "weight-decay": Text("weight decay", "peluruhan bobot (weight decay)"),
    "rewarm": Text("a new warmup after a restart", "warmup baru sesudah laju dimulai ulang"),
    "loss-scale": Text("another loss scale", "skala loss yang lain"),
    "qk-norm": Text("QK-norm", "QK-norm"),
    "z-loss": Text("z-loss", "z-loss"),
    "more": Text("More in the book: ", "Selengkapnya dalam buku: "),
    "not finite": Text(
        " Crosses at the upper edge stand where a loss is not finite.",
        " Silang di tepi atas menandai loss yang tidak berhingga.",
    ),
}
"""The words of the page that diagnoses a log dropped on it."""

COMMAND_ONLY = Text(
    "This is a file of another kind ({kind}), and this page reads text and JSON. The command reads "
    "it: stabsim diagnose FILE.",
    "Ini berkas jenis lain ({kind}), sedangkan halaman ini membaca teks dan JSON. Berkas itu "
    "dapat dibaca dengan perintah stabsim diagnose BERKAS.",
)
"""What the page says of a file that only the command reads."""

DROP_INSTEAD = {
    "several: gradient_norm": Text(
        "Several columns may be the gradient norm, and none was taken: choose one in the menu.",
        "Beberapa kolom mungkin berisi norma gradien dan tidak satu pun dipakai: pilih salah "
        "satu dalam menu.",
    ),
    "say one": Text("Choose it in the menu below.", "Pilih kolomnya dalam menu di bawah."),
    "binary": Text(
        "This is a binary file, and this page reads text and JSON. TensorBoard's event files "
        "are read by the command stabsim diagnose.",
        "Ini berkas biner, sedangkan halaman ini membaca teks dan JSON. Berkas event "
        "TensorBoard dapat dibaca dengan perintah stabsim diagnose.",
    ),
}
"""What the page says where the command names its options."""

CHAPTERS = {
    "sweep": (Text("the first sweep", "sweep pertama"), "index.html#index-sweep"),
    "every-step": (
        Text("what no evaluation sees", "yang tidak terlihat oleh evaluasi"),
        "instability.html#instability-unseen",
    ),
    "warmup": (Text("how long to warm up", "berapa panjang warmup"), "warmup.html#warmup-how"),
    "clipping": (Text("where to clip", "memilih ambang"), "clipping.html#clipping-plots"),
    "optimizer": (Text("another optimizer", "optimizer lain"), "fixes.html#fixes-adam"),
    "architecture": (
        Text("where normalization stands", "letak normalisasi"),
        "fixes.html#fixes-places",
    ),
    "rezero": (
        Text("branches that start at zero", "cabang yang mulai dari nol"),
        "fixes.html#fixes-rezero",
    ),
    "first-nan": (
        Text("where the first NaN came from", "dari mana NaN pertama berasal"),
        "half_precision.html#half-nan",
    ),
    "lower-rate": (Text("the last resort", "upaya terakhir"), "fixes.html#fixes-last"),
}
"""Where the book says more of an experiment: the words of the link, and its address."""
