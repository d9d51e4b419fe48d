"""The words of the page that diagnoses a log, in both languages."""

from stabsim._words import Text

DROP = {
    "title": Text("Diagnose a log", "Diagnosis sebuah log"),
    "noscript": Text(
        "The tool on this page needs JavaScript. The command does the same without it:",
        "Alat di halaman ini memerlukan JavaScript. Perintah berikut melakukan hal yang sama "
        "tanpanya:",
    ),
    "choose": Text("Choose a log", "Pilih berkas log"),
    "formats": Text(
        "CSV, JSON, or the text that a trainer prints.",
        "CSV, JSON, atau teks yang dicetak program pelatihan.",
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
    "validation_loss": Text("Validation loss", "Loss validasi"),
    "choose one": Text("choose", "pilih"),
    "none": Text("none", "tidak ada"),
    "number": Text("number the rows", "nomori baris"),
    "runs": Text("Several runs, or several losses", "Beberapa run, atau beberapa loss"),
    "run": Text("The report is on", "Laporan ini tentang"),
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

COMMAND_ONLY = Text(
    "This is a file ({kind}) that this page does not read, for it would have to load a large "
    "program first. The command reads it: stabsim diagnose FILE.",
    "Ini berkas ({kind}) yang tidak dibaca halaman ini, karena untuk itu halaman harus memuat "
    "program yang besar dahulu. Perintah ini membacanya: stabsim diagnose BERKAS.",
)
"""What the page says of a file that only the command reads."""

DROP_INSTEAD = {
    "several: gradient_norm": Text(
        "Several columns may be the gradient norm, and none was taken: choose one in the menu.",
        "Beberapa kolom mungkin berisi norma gradien dan tidak satu pun dipakai: pilihlah salah "
        "satu dalam menu.",
    ),
    "say one": Text("Choose it in the menu below.", "Pilihlah kolomnya dalam menu di bawah."),
    "binary": Text(
        "This is a binary file, and this page reads text and JSON. TensorBoard's event files "
        "are read by the command stabsim diagnose.",
        "Ini berkas biner, sedangkan halaman ini membaca teks dan JSON. Berkas event "
        "TensorBoard dapat dibaca dengan perintah stabsim diagnose.",
    ),
}
"""What the page says where the command names its options."""
