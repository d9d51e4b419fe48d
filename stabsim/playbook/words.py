"""What a plan and a walk say, in both languages."""

from stabsim._words import Text

NAMES = {
    "sweep": Text(
        "Sweep of the learning rate",
        "Sweep laju pembelajaran",
    ),
    "every-step": Text(
        "Short check at twice the best rate",
        "Uji singkat pada dua kali laju terbaik",
    ),
    "above": Text(
        "Check at five and ten times the best rate",
        "Uji pada lima dan sepuluh kali laju terbaik",
    ),
    "warmup": Text(
        "Warmup",
        "Warmup",
    ),
    "clipping": Text(
        "Clipping",
        "Pemotongan gradien",
    ),
    "optimizer": Text(
        "Another optimizer",
        "Optimizer lain",
    ),
    "lower-rate": Text(
        "A lower rate",
        "Laju yang lebih rendah",
    ),
    "comparison": Text(
        "Comparison with the present training",
        "Perbandingan dengan pelatihan yang sekarang",
    ),
}
"""What the stages are called."""

PLAN = {
    "baseline": Text(
        "The present rate is {rate}, a training takes {steps} steps, the search uses {seeds} "
        "seeds.",
        "Laju yang sekarang {rate}, satu pelatihan {steps} langkah, pencarian memakai "
        "{seeds} seed.",
    ),
    "stage": Text(
        "{name}: at most {runs} runs, {steps} steps.",
        "{name}: paling banyak {runs} run, {steps} langkah.",
    ),
    "cost": Text(
        "In all at most {runs} runs and {steps} steps; less where a run is stopped early or a "
        "stage is not needed.",
        "Seluruhnya paling banyak {runs} run dan {steps} langkah; kurang dari itu jika sebuah "
        "run dihentikan lebih awal atau sebuah tahap tidak diperlukan.",
    ),
    "budget": Text(
        "The budget is {budget} steps: what does not fit is left out.",
        "Anggarannya {budget} langkah: yang melebihinya tidak dijalankan.",
    ),
    "no seed": Text(
        "The training takes no seed: what differs from run to run is its own chance.",
        "Pelatihan ini tidak menerima seed: yang membedakan satu run dari yang lain "
        "hanyalah keacakannya sendiri.",
    ),
    "no warmup_steps": Text(
        "It takes no warmup, so none is tried.",
        "Pelatihan ini tidak menerima warmup, jadi warmup tidak dicoba.",
    ),
    "no clip": Text(
        "It takes no clipping threshold, so clipping is not tried.",
        "Pelatihan ini tidak menerima ambang pemotongan, jadi pemotongan tidak dicoba.",
    ),
}
"""What is said of a plan."""

WHY = {
    "skipped": Text(
        "Skipped, as was asked.",
        "Dilewati sesuai permintaan.",
    ),
    "not asked": Text(
        "Not asked for.",
        "Tidak diminta.",
    ),
    "no warmup_steps": Text(
        "Not tried: the training takes no warmup. Give it warmup_steps, or {{warmup_steps}} in "
        "the command.",
        "Tidak dicoba: pelatihan tidak menerima warmup. Tambahkan warmup_steps, atau "
        "{{warmup_steps}} pada perintahnya.",
    ),
    "no clip": Text(
        "Not tried: the training takes no clipping threshold. Give it clip, or {{clip}} in the "
        "command.",
        "Tidak dicoba: pelatihan tidak menerima ambang pemotongan. Tambahkan clip, atau {{clip}} "
        "pada perintahnya.",
    ),
    "no optimizer": Text(
        "Not tried: the training offers no other optimizer.",
        "Tidak dicoba: tidak ada optimizer lain dalam pelatihan ini.",
    ),
    "none named": Text(
        "Not tried: no other optimizer was named.",
        "Tidak dicoba: tidak ada optimizer lain yang disebutkan.",
    ),
    "none feasible": Text(
        "No learning rate was feasible: look at the program and the data first.",
        "Tidak ada laju pembelajaran yang layak: periksa dahulu program dan datanya.",
    ),
    "healthy": Text(
        "Not tried: no instability limits this workload.",
        "Tidak dicoba: workload ini tidak dibatasi oleh ketidakstabilan.",
    ),
    "late": Text(
        "Not tried: the runs above the best rate fail in mid-training, when a warmup is over.",
        "Tidak dicoba: run di atas laju terbaik gagal di tengah pelatihan, ketika warmup sudah "
        "selesai.",
    ),
    "no edge": Text(
        "Not tried: no rate of the sweep was unstable.",
        "Tidak dicoba: tidak ada laju yang tidak stabil dalam sweep.",
    ),
    "budget": Text(
        "What was left of the budget did not suffice.",
        "Sisa anggaran tidak mencukupi.",
    ),
    "few norms": Text(
        "Not tried: the log holds too few gradient norms to choose a threshold. Log the norm of "
        "each step, before clipping.",
        "Tidak dicoba: log memuat terlalu sedikit norma gradien untuk memilih ambang. Catat "
        "norma setiap langkah, sebelum pemotongan.",
    ),
    "not needed": Text(
        "Not needed: another fix did better.",
        "Tidak diperlukan: perbaikan lain memberi hasil lebih baik.",
    ),
    "same": Text(
        "Nothing to compare: the present training is the best that was found.",
        "Tidak ada yang dibandingkan: pelatihan yang sekarang adalah yang terbaik yang ditemukan.",
    ),
}
"""Why a stage was not walked, or not to its end."""

FOUND = {
    "suspected": Text(
        "That is near the best rate, so instability may hold it down, which a fix would show.",
        "Laju yang tidak stabil itu dekat dengan laju terbaik, jadi laju terbaik mungkin dibatasi "
        "oleh ketidakstabilan. Hal itu akan tampak jika ada perbaikan yang membantu.",
    ),
    "short calm": Text(
        "At {rate}, twice the best rate, nothing rises within {steps} steps.",
        "Pada {rate}, dua kali laju terbaik, loss tidak naik dalam {steps} langkah.",
    ),
    "short unstable": Text(
        "At {rate}, twice the best rate, the loss rises within the first {steps} steps: the "
        "workload is unstable.",
        "Pada {rate}, dua kali laju terbaik, loss naik dalam {steps} langkah pertama: "
        "workload ini tidak stabil.",
    ),
    "above": Text(
        "At {rate}, {factor} times the best rate: {verdict}.",
        "Pada {rate}, {factor} kali laju terbaik: {verdict}.",
    ),
    "hidden": Text(
        "With {settings} it ends at {new}, better than {old} at the best rate: an instability "
        "may hold the rate down, though the losses do not show it.",
        "Dengan {settings} hasilnya {new}, lebih baik daripada {old} pada laju terbaik: "
        "lajunya mungkin dibatasi oleh ketidakstabilan, meskipun tidak tampak pada loss.",
    ),
    "not hidden": Text(
        "With {settings} it ends at {new}, not better by 2% than {old} at the best rate: no "
        "instability hides.",
        "Dengan {settings} hasilnya {new}, tidak sampai 2% lebih baik daripada {old} pada laju "
        "terbaik: tidak ada ketidakstabilan yang tersembunyi.",
    ),
    "longest": Text(
        "The longest, of {warmup} steps, is trained in full all the same.",
        "Yang terpanjang, {warmup} langkah, tetap dilatih secara penuh.",
    ),
    "threshold": Text(
        "The {percentile}th percentile of the gradient norms is {threshold}.",
        "Persentil ke-{percentile} dari norma gradien adalah {threshold}.",
    ),
    "clips much": Text(
        "That threshold clips {share}% of the updates: it is in essence a lower learning rate.",
        "Ambang itu memotong {share}% pembaruan: pada dasarnya itu sama dengan laju "
        "pembelajaran yang lebih rendah.",
    ),
    "helped": Text(
        "Best with {settings}: {new}, after {old} without. It is kept.",
        "Hasil terbaik dengan {settings}: {new}; tanpanya {old}. Perbaikan ini dipertahankan.",
    ),
    "no help": Text(
        "Best with {settings}: {new}, against {old} without. It is not kept.",
        "Hasil terbaik dengan {settings}: {new}; tanpanya {old}. Perbaikan ini tidak dipakai.",
    ),
    "no feasible": Text(
        "No settings with it trained with every seed.",
        "Dengan perbaikan ini tidak ada setelan yang berhasil pada setiap seed.",
    ),
    "lower": Text(
        "Nothing else helped, so the rate is lowered to {rate}, the best of the sweep.",
        "Tidak ada perbaikan lain yang membantu, jadi laju diturunkan menjadi {rate}, yang "
        "terbaik dalam sweep.",
    ),
    "at the edge": Text(
        "Nothing else helped, and a rate below {rate}, the best of the sweep, learns less.",
        "Tidak ada perbaikan lain yang membantu, dan pada laju di bawah {rate}, yang terbaik "
        "dalam sweep, yang dipelajari lebih sedikit.",
    ),
    "back off": Text(
        "With {settings}, {failed} of the other seeds failed: the rate is halved to {rate}.",
        "Dengan {settings}, {failed} dari seed yang lain gagal: laju dibagi dua menjadi {rate}.",
    ),
    "compared": Text(
        "Over {count} other seeds the median is {new}, against {old} of the present training: "
        "better on {wins} of {count}.",
        "Pada {count} seed lain mediannya {new}, sedangkan pelatihan yang sekarang {old}: "
        "lebih baik pada {wins} dari {count}.",
    ),
}
"""What a stage found."""

RESULT = {
    "gained": Text(
        "Train with {settings}.",
        "Latih dengan {settings}.",
    ),
    "gained by": Text(
        "On seeds that the search did not see, that ends at {new}, where the present training "
        "ends at {old}.",
        "Pada seed yang tidak dipakai dalam pencarian, hasil akhirnya {new}, sedangkan pelatihan "
        "yang sekarang {old}.",
    ),
    "nothing": Text(
        "Nothing was to be gained: keep {settings}.",
        "Tidak ada yang dapat diperbaiki: pertahankan {settings}.",
    ),
    "not better": Text(
        "The best that was found, {settings}, is not better on every seed, or by less than "
        "{share}%.",
        "Setelan terbaik yang ditemukan, {settings}, tidak lebih baik pada setiap seed, atau "
        "selisihnya kurang dari {share}%.",
    ),
    "not compared": Text(
        "The best that was found is {settings}; it was not compared with the present training.",
        "Setelan terbaik yang ditemukan {settings}, tetapi belum dibandingkan dengan pelatihan "
        "yang sekarang.",
    ),
    "none": Text(
        "No learning rate was feasible.",
        "Tidak ada laju pembelajaran yang layak.",
    ),
    "limited": Text(
        "Limited by instability: without a fix it is unstable from {rate} on, and the best rate is "
        "{best}.",
        "Dibatasi oleh ketidakstabilan: tanpa perbaikan, pelatihan tidak stabil mulai {rate}, dan "
        "laju terbaiknya {best}.",
    ),
    "hidden cause": Text(
        "Limited by an instability that no loss shows: without a fix the best rate is {best}.",
        "Dibatasi oleh ketidakstabilan yang tidak tampak pada loss: tanpa perbaikan, laju "
        "terbaiknya {best}.",
    ),
    "too high": Text(
        "Cause: instability. It begins at {rate}, and the present rate is {present}; no fix that "
        "was tried did better than the best rate without one, {best}.",
        "Sebab: ketidakstabilan. Pelatihan tidak stabil mulai {rate}, sedangkan laju yang "
        "sekarang {present}; di antara perbaikan yang dicoba, tidak ada yang hasilnya lebih baik "
        "daripada laju terbaik tanpa perbaikan, {best}.",
    ),
    "healthy": Text(
        "Healthy: it is unstable only from {rate} on, which costs nothing: no fix that was tried "
        "is surely better than the best rate without one, {best}.",
        "Sehat: pelatihan baru tidak stabil mulai {rate}, dan itu tidak merugikan: di antara "
        "perbaikan yang dicoba, tidak ada yang pasti lebih baik daripada laju terbaik tanpa "
        "perbaikan, {best}.",
    ),
    "far": Text(
        "Healthy: it is unstable only from {rate} on, well above the best rate, {best}.",
        "Sehat: pelatihan baru tidak stabil mulai {rate}, jauh di atas laju terbaik, {best}.",
    ),
    "not known": Text(
        "It is unstable from {rate} on, near the best rate, {best}. Whether that costs something "
        "is not known: no fix was tried.",
        "Pelatihan tidak stabil mulai {rate}, dekat dengan laju terbaik, {best}. Apakah itu "
        "merugikan belum diketahui: tidak ada perbaikan yang dicoba.",
    ),
    "never unstable": Text(
        "Healthy: no rate that was tried from the best on is unstable.",
        "Sehat: semua laju yang dicoba, dari laju terbaik ke atas, stabil.",
    ),
    "ignored": Text(
        "The training seems to ignore {names}: whatever it is given, the losses are the same to "
        "the last digit.",
        "Pelatihan tampaknya mengabaikan {names}: berapa pun nilainya, loss-nya sama sampai digit "
        "terakhir.",
    ),
    "rate": Text(
        "a learning rate of {}",
        "laju pembelajaran {}",
    ),
    "warmup": Text(
        "{} steps of warmup",
        "{} langkah warmup",
    ),
    "clip": Text(
        "clipping at {}",
        "pemotongan pada {}",
    ),
    "optimizer": Text(
        "the optimizer {}",
        "optimizer {}",
    ),
    "and": Text(
        " and ",
        " dan ",
    ),
    "spent": Text(
        "{runs} runs, {steps} training steps.",
        "{runs} run, {steps} langkah pelatihan.",
    ),
    "crashed": Text(
        "{count} runs crashed, with a log that had begun or none: {names}.",
        "{count} run berhenti karena error: {names}.",
    ),
    "hung": Text(
        "{count} runs took longer than they may: {names}.",
        "{count} run melampaui batas waktu: {names}.",
    ),
    "killed": Text(
        "{count} runs were killed: {names}.",
        "{count} run dihentikan paksa: {names}.",
    ),
    "unread": Text(
        "{count} runs ended well and left no log that can be read: {names}.",
        "{count} run selesai tanpa meninggalkan log yang dapat dibaca: {names}.",
    ),
    "architecture": Text(
        "Not tried, for it means to change the model: residual connections, normalization, "
        "initialization.",
        "Tidak dicoba karena mengubah model: koneksi residual, normalisasi, inisialisasi.",
    ),
    "sparse": Text(
        "The log has a record every {every} steps: what rises and recovers in between is not seen.",
        "Log hanya memuat satu baris setiap {every} langkah: kenaikan yang pulih di antaranya "
        "tidak terlihat.",
    ),
}
"""What is said of the whole."""

HEADS = {
    "title": Text(
        "The playbook, walked",
        "Playbook, langkah demi langkah",
    ),
    "result": Text(
        "Result",
        "Hasil",
    ),
    "code": Text(
        "To paste",
        "Untuk disalin",
    ),
    "any optimizer": Text(
        "Adam and AdamW stand for the optimizer that you use.",
        "Adam dan AdamW mewakili optimizer yang Anda pakai.",
    ),
    "not tried": Text(
        "Not tried",
        "Tidak dicoba",
    ),
    "cost": Text(
        "Cost",
        "Biaya",
    ),
    "settings": Text(
        "settings",
        "setelan",
    ),
    "seeds": Text(
        "runs",
        "run",
    ),
    "unstable": Text(
        "unstable",
        "tidak stabil",
    ),
    "plan": Text(
        "Plan",
        "Rencana",
    ),
    "curves": Text(
        "Training loss above the best rate; a run that is cut off stopped being finite.",
        "Loss pelatihan di atas laju terbaik; run yang terpotong tidak lagi berhingga.",
    ),
    "result curves": Text(
        "Training loss of the present training and of the recommended one, a line a seed.",
        "Loss pelatihan yang sekarang dan yang disarankan, satu garis per seed.",
    ),
    "present": Text(
        "present",
        "sekarang",
    ),
    "recommended": Text(
        "recommended",
        "disarankan",
    ),
    "times": Text(
        "{} times",
        "{} kali",
    ),
    "interrupted": Text(
        "Interrupted. What was done is kept: the same command goes on from there.",
        "Terputus. Yang sudah selesai tersimpan: jalankan perintah yang sama untuk melanjutkannya.",
    ),
}
"""Headings, and words of tables and figures."""

OUTCOMES = {
    "crashed": Text(
        "crashed",
        "berhenti karena error",
    ),
    "hung": Text(
        "took too long",
        "melampaui batas waktu",
    ),
    "killed": Text(
        "killed",
        "dihentikan paksa",
    ),
    "unread": Text(
        "no log",
        "tanpa log",
    ),
}
"""Ends of runs that no verdict names."""
