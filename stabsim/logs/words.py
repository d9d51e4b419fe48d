"""What is said of a log, in both languages: what was skipped, why it cannot be read, advice."""

from stabsim._words import Text

LOGS = {
    "no number": Text(
        "{count} cells are no numbers (the first at {first}).",
        "{count} sel bukan bilangan (yang pertama di {first}).",
    ),
    "no step": Text(
        "{count} losses have no finite step (the first at {first}).",
        "{count} loss tanpa langkah yang berhingga (yang pertama di {first}).",
    ),
    "step back": Text(
        "{count} losses come at a step that is not above all before it (the first at {first}).",
        "{count} loss berada pada langkah yang tidak melebihi semua langkah sebelumnya (yang "
        "pertama di {first}).",
    ),
    "too long": Text(
        "{count} lines are too long to be records (the first is {first}).",
        "{count} baris terlalu panjang untuk satu baris data (yang pertama {first}).",
    ),
    "other width": Text(
        "{count} rows have more or fewer cells than the first (the first is {first}).",
        "{count} baris mempunyai sel lebih banyak atau lebih sedikit daripada baris nama (yang "
        "pertama {first}).",
    ),
    "no object": Text(
        "{count} lines are no JSON objects (the first is {first}).",
        "{count} baris bukan objek JSON (yang pertama {first}).",
    ),
    "truncated": Text(
        "The file ends in the middle of a record, at {first}.",
        "Berkas terputus di tengah sebuah record, pada {first}.",
    ),
    "damaged": Text(
        "The file is damaged at {first}; what follows was not read.",
        "Berkas rusak pada {first}; selebihnya tidak dibaca.",
    ),
    "checksum": Text(
        "{count} records do not match their checksums (the first at {first}).",
        "{count} record tidak cocok dengan checksum-nya (yang pertama di {first}).",
    ),
    "no event": Text(
        "{count} records are no events (the first at {first}).",
        "{count} record bukan event (yang pertama di {first}).",
    ),
    "resumed": Text(
        "{count} losses were given up, for the run was resumed from an earlier step (first at "
        "{first}).",
        "{count} loss diabaikan karena run dilanjutkan dari langkah sebelumnya (pertama kali di "
        "{first}).",
    ),
    "validation only": Text(
        "No training loss is in this log: the validation loss is read in its place.",
        "Log ini tidak memuat loss pelatihan: loss validasi dibaca sebagai gantinya.",
    ),
    "rounds": Text(
        "The loss is a metric, as boosted trees print it (XGBoost, LightGBM, CatBoost). If it is "
        "theirs, a step is a round, which adds a tree: a metric of the training rows rises where "
        "the learning rate (eta) is too high, or where it is not the objective; warmup and "
        "clipping do not apply.",
        "Loss di sini adalah metrik seperti yang dicetak boosting pohon keputusan (XGBoost, "
        "LightGBM, CatBoost). Jika memang demikian, satu langkah berarti satu ronde yang menambah "
        "satu pohon: metrik pada data latih naik jika laju pembelajaran (eta) terlalu tinggi, atau "
        "jika metrik itu bukan fungsi objektifnya; warmup dan pemotongan gradien tidak berlaku.",
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
    "several runs": Text(
        "This log holds several runs: {names}. Say which, as in --run {example}.",
        "Log ini memuat beberapa run: {names}. Sebutkan salah satu, misalnya --run {example}.",
    ),
    "no loss": Text(
        "No column looks like a training loss. The columns are {names}. {ask}",
        "Tidak ada kolom yang tampaknya berisi loss pelatihan. Kolom yang ada: {names}. {ask}",
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
        "No line is a JSON object, and the whole is no JSON document with records in it.",
        "Tidak ada baris yang berupa objek JSON, dan berkas ini secara keseluruhan pun bukan "
        "dokumen JSON yang memuat record.",
    ),
    "no records": Text(
        "This JSON document holds no list of records and no lists of numbers of equal length.",
        "Dokumen JSON ini tidak memuat daftar record maupun daftar bilangan yang sama panjangnya.",
    ),
    "bad database": Text(
        "SQLite cannot read this database: {error}.",
        "SQLite tidak dapat membaca basis data ini: {error}.",
    ),
    "database from a pipe": Text(
        "A database is read from a file, not from standard input.",
        "Basis data dibaca dari berkas, bukan dari masukan standar.",
    ),
    "no metrics": Text(
        "This database has no table of numbers by name and step, as MLflow and Trackio have one.",
        "Basis data ini tidak memuat tabel bilangan menurut nama dan langkah seperti pada MLflow "
        "dan Trackio.",
    ),
    "no history": Text(
        "This file of Weights & Biases holds no history.",
        "Berkas Weights & Biases ini tidak memuat riwayat.",
    ),
    "no pairs": Text(
        "No line of this text holds a number with its name, as in 'loss: 0.5'.",
        "Tidak ada baris teks ini yang memuat bilangan beserta namanya, misalnya 'loss: 0.5'.",
    ),
}
"""Why a log cannot be read, where the book's page says it too."""

PLACES = {"line": Text("line {}", "baris {}"), "byte": Text("byte {}", "byte {}"),
          "record": Text("record {}", "record {}")}  # fmt: skip
"""Where something stands in a file."""

ADVICE = {
    "threshold": Text(
        "Clip the gradient's global norm at {threshold}, the {percentile}th percentile of {base}; "
        "that would have clipped {share} of them.",
        "Potong norma global gradien pada {threshold}, persentil ke-{percentile} dari {base}; "
        "dengan ambang itu, {share} di antaranya akan terpotong.",
    ),
    "judged": Text(
        "Of {base}, the threshold {threshold} would have clipped {share}.",
        "Dengan ambang {threshold}, {share} dari {base} akan terpotong.",
    ),
    "all": Text("all {norms} finite norms", "seluruh {norms} norma yang berhingga"),
    "before": Text(
        "the {norms} norms before step {step}, from which the run did not recover",
        "{norms} norma sebelum langkah {step} (sesudah itu run tidak pulih)",
    ),
    "of all": Text(
        "Of all updates of the log it would have clipped {of_all}.",
        "Dari semua pembaruan dalam log, {of_all} akan terpotong.",
    ),
    "aggressive": Text(
        "Clipping more than half of the updates is in essence a smaller learning rate: cut the "
        "rate instead.",
        "Memotong lebih dari separuh pembaruan pada dasarnya sama dengan laju pembelajaran yang "
        "lebih kecil: turunkan saja lajunya.",
    ),
    "no norms": Text(
        "No positive gradient norm was logged, so no threshold can be given. Log the global L2 "
        "norm of the unclipped gradient at every step (see stabsim.logs.hooks).",
        "Log ini tidak memuat norma gradien yang positif, sehingga ambang tidak dapat diberikan. "
        "Catat norma L2 global gradien sebelum pemotongan pada setiap langkah (lihat "
        "stabsim.logs.hooks).",
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
        "Lakukan sweep laju pembelajaran di sekitar {rate}, lalu lihat apakah laju terbaik "
        "terletak tepat di tepi ketidakstabilan.",
    ),
    "every-step": Text(
        "If {rate} is the best rate of a sweep, train for 500 steps at {twice}, and log every "
        "step: this shows early instability that recovers between evaluations.",
        "Jika {rate} adalah laju terbaik suatu sweep, latih 500 langkah pada {twice}, dan "
        "catat setiap langkah: dengan begitu tampak ketidakstabilan awal yang pulih di antara dua "
        "evaluasi.",
    ),
    "warmup": Text(
        "Warm up: let the learning rate climb from 0 to {rate} over the first steps. Lengths to "
        "try, in steps: {lengths}. Take the shortest that is stable.",
        "Pakai warmup: naikkan laju pembelajaran dari 0 ke {rate} selama langkah-langkah "
        "pertama. Panjang yang dicoba, dalam langkah: {lengths}. Pakai yang terpendek yang "
        "stabil.",
    ),
    "clipping": Text(
        "Clip gradients by their global norm {threshold}. If the instability remains, lower the "
        "threshold.",
        "Potong gradien menurut norma globalnya {threshold}. Jika tetap tidak stabil, turunkan "
        "ambangnya.",
    ),
    "optimizer": Text(
        "Try another optimizer: Adam sometimes copes where Momentum does not. Tune its rate anew.",
        "Coba optimizer lain: kadang Adam stabil ketika Momentum tidak. Setel ulang lajunya.",
    ),
    "architecture": Text(
        "Bring the architecture in order: residual connections, and normalization as the last "
        "operation before the addition, x + Norm(f(x)), not Norm(x + f(x)).",
        "Benahi arsitekturnya: koneksi residual, dan normalisasi sebagai operasi terakhir sebelum "
        "penjumlahan, x + Norm(f(x)), bukan Norm(x + f(x)).",
    ),
    "rezero": Text(
        "Start the residual branches at zero, as ReZero does.",
        "Mulai cabang residual dari nol, seperti pada ReZero.",
    ),
    "lower-rate": Text(
        "Lower the learning rate below {rate}: the last resort.",
        "Turunkan laju pembelajaran sampai di bawah {rate}: upaya terakhir.",
    ),
    "first-nan": Text(
        "Nothing rose before step {step}, so look for the first number that is not finite: in the "
        "minibatch of that step, in a logarithm, a division or a root, in half precision.",
        "Tidak ada yang naik sebelum langkah {step}, jadi cari bilangan pertama yang tidak "
        "berhingga: dalam minibatch pada langkah itu, dalam logaritma, pembagian, atau akar, atau "
        "karena overflow pada presisi setengah.",
    ),
    "skip-batches": Text(
        "In a long run, go back to a checkpoint from before step {step} and leave out the batches "
        "of the spike: the same batches did no harm elsewhere (Chowdhery et al. 2022, PaLM, 5.1).",
        "Pada run yang panjang, kembali ke checkpoint sebelum langkah {step} dan lewati batch di "
        "sekitar lonjakan: pada langkah lain, batch yang sama tidak menimbulkan masalah "
        "(Chowdhery et al. 2022, PaLM, 5.1).",
    ),
    "beta2": Text(
        "With Adam, try a beta2 of 0.95: a second moment with a long memory lags behind gradients "
        "that grow, and steps are too long then (Wortsman et al. 2023, Stable and low-precision "
        "training).",
        "Dengan Adam, coba beta2 sebesar 0,95: dengan beta2 yang besar, momen kedua terlambat "
        "mengikuti gradien yang membesar, sehingga langkahnya terlalu panjang (Wortsman et al. "
        "2023, Stable and low-precision training).",
    ),
    "qk-norm": Text(
        "If this is a transformer, normalize queries and keys (QK-norm): attention logits that "
        "grow with the rate make attention one-hot (Dehghani et al. 2023; Wortsman et al. 2023, "
        "Small-scale proxies).",
        "Jika ini transformer, normalkan query dan key (QK-norm): logit attention yang membesar "
        "bersama laju membuat attention menjadi one-hot (Dehghani et al. 2023; Wortsman et al. "
        "2023, Small-scale proxies).",
    ),
    "z-loss": Text(
        "Against output logits that drift, add the z-loss, 1e-4 times the square of log Z "
        "(Chowdhery et al. 2022, PaLM, 5).",
        "Jika logit keluaran terus bergeser, tambahkan z-loss, yaitu 1e-4 kali kuadrat log Z "
        "(Chowdhery et al. 2022, PaLM, 5).",
    ),
    "weight-decay": Text(
        "Against a slow climb, look at the size of the weights and at weight decay: without it "
        "they grow on, until half precision cannot hold them apart (D'Angelo et al. 2023, Why do "
        "we need weight decay).",
        "Jika kenaikannya lambat, periksa besarnya bobot dan peluruhan bobot (weight decay): "
        "tanpa peluruhan, bobot terus membesar sampai presisi setengah tidak dapat lagi "
        "membedakannya (D'Angelo et al. 2023, Why do we need weight decay).",
    ),
    "rewarm": Text(
        "After the restart before step {step}, let the rate climb again over some hundred steps: "
        "how long matters little, how high it goes decides the rise (Gupta et al. 2023, Continual "
        "pre-training).",
        "Sesudah laju dimulai ulang sebelum langkah {step}, naikkan kembali laju itu selama "
        "beberapa ratus langkah: lamanya tidak banyak berpengaruh, puncaknyalah yang menentukan "
        "besarnya kenaikan loss (Gupta et al. 2023, Continual pre-training).",
    ),
    "loss-scale": Text(
        "Skipped steps are how a loss scaler works. If they become many, let the scale grow more "
        "rarely, or train in bfloat16, which needs no scale (Micikevicius et al. 2018, Mixed "
        "precision training).",
        "Penskala loss memang bekerja dengan melewati langkah. Jika terlalu banyak yang dilewati, "
        "biarkan skalanya naik lebih jarang, atau latih dalam bfloat16 yang tidak memerlukan "
        "skala (Micikevicius et al. 2018, Mixed precision training).",
    ),
    "few norms": Text(
        "Only {norms} finite norms were logged, and a threshold needs {enough}: log the norm at "
        "every step.",
        "Hanya {norms} norma berhingga yang dicatat, sedangkan untuk menentukan ambang diperlukan "
        "{enough}: catat norma itu pada setiap langkah.",
    ),
    "few before": Text(
        "Only {norms} finite norms were logged before step {step}, from which the run did not "
        "recover, and a threshold needs {enough}: judge it on a run that lasts longer.",
        "Hanya {norms} norma berhingga yang dicatat sebelum langkah {step} (sesudah itu run tidak "
        "pulih), sedangkan untuk menentukan ambang diperlukan {enough}: tentukan ambang itu dari "
        "run yang bertahan lebih lama.",
    ),
    "nothing left": Text(
        "Every experiment of the playbook's list was tried.",
        "Semua percobaan dalam daftar playbook sudah dicoba.",
    ),
    "sparse": Text(
        "This log has a record every {every} steps: an early instability that recovers in between "
        "does not show in it.",
        "Log ini hanya mencatat setiap {every} langkah: ketidakstabilan awal yang pulih di antara "
        "dua baris log tidak tampak di dalamnya.",
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
    "read by step": Text(
        "{records} records, steps {first} to {last}, from {columns}.",
        "{records} baris, langkah {first} sampai {last}, dari {columns}.",
    ),
    "read by epoch": Text(
        "{records} records, one an epoch, epochs {first} to {last}, from {columns}. The loss of an "
        "epoch is a mean over its steps: what happens within an epoch does not show in it.",
        "{records} baris, satu per epoch, epoch {first} sampai {last}, dari {columns}. Loss "
        "sebuah epoch adalah rata-rata langkah-langkahnya: yang terjadi di dalam satu epoch tidak "
        "tampak.",
    ),
    "read by tokens": Text(
        "{records} records, {first} to {last} tokens, from {columns}.",
        "{records} baris, {first} sampai {last} token, dari {columns}.",
    ),
    "read by row": Text(
        "{records} records from {columns}. The step is not in this log: the records are numbered "
        "from {first} to {last}, and steps are these numbers.",
        "{records} baris dari {columns}. Log ini tidak memuat langkah: barisnya dinomori "
        "{first} sampai {last}, dan yang disebut langkah adalah nomor itu.",
    ),
    "validation_loss": Text(
        "The validation loss goes from {start} to {end} ({records} records).",
        "Loss validasi berubah dari {start} menjadi {end} ({records} baris).",
    ),
    "reward": Text(
        "The reward goes from {start} to {end} ({records} records).",
        "Reward berubah dari {start} menjadi {end} ({records} baris).",
    ),
    "kl": Text(
        "The KL divergence goes from {start} to {end} ({records} records).",
        "Divergensi KL berubah dari {start} menjadi {end} ({records} baris).",
    ),
    "sharpness": Text(
        "The sharpness goes from {start} to {end} ({records} records).",
        "Ketajaman berubah dari {start} menjadi {end} ({records} baris).",
    ),
    "above": Text(
        "It was above the optimizer's stability threshold in {count} of {records} measurements, "
        "first at step {first}.",
        "Ketajaman melampaui ambang kestabilan optimizer pada {count} dari {records} pengukuran, "
        "pertama kali pada langkah {first}.",
    ),
    "never above": Text(
        "It was never above the optimizer's stability threshold ({records} measurements); it came "
        "to {share} of it.",
        "Ketajaman tidak pernah melampaui ambang kestabilan optimizer ({records} pengukuran); "
        "paling tinggi {share} dari ambang itu.",
    ),
    "sharpness caption": Text(
        "Measured sharpness against the step. The dashed line is the optimizer's stability "
        "threshold at its rate of that step: above it, it is unstable.",
        "Ketajaman terukur terhadap langkah. Garis putus-putus menunjukkan ambang kestabilan "
        "optimizer pada laju langkah itu: di atasnya optimizer tidak stabil.",
    ),
    "runs": Text("Runs", "Run"),
    "run": Text("{name}: {records} records, {verdict}.", "{name}: {records} baris, {verdict}."),
    "numbered": Text(
        "The step is not in this log: the records are numbered.",
        "Log ini tidak memuat langkah: barisnya dinomori.",
    ),
    "losses of gan": Text(
        "Two networks are trained against each other: neither loss need fall, and a rise of one "
        "may be the progress of the other.",
        "Dua jaringan dilatih untuk saling bersaing: loss keduanya tidak harus turun, dan "
        "kenaikan yang satu bisa berarti kemajuan yang lain.",
    ),
    "losses of rl": Text(
        "This is reinforcement learning: these losses do not measure what was learned; the reward "
        "does.",
        "Ini reinforcement learning: loss di sini tidak mengukur apa yang dipelajari; reward yang "
        "mengukurnya.",
    ),
    "losses of sum": Text(
        "These losses are sums since the last record: the first record is not comparable.",
        "Loss di sini adalah jumlah sejak baris sebelumnya: baris pertama tidak dapat "
        "dibandingkan dengan yang lain.",
    ),
    "take one": Text(
        "--run takes one of them and reports on it, as in --run {example}.",
        "Pilih run yang dilaporkan dengan --run, misalnya --run {example}.",
    ),
    "verdict": Text("Verdict", "Kesimpulan"),
    "clipping": Text("Clipping", "Pemotongan gradien"),
    "next": Text("Next", "Percobaan berikutnya"),
    "also": Text("Beyond the playbook", "Di luar playbook"),
    "paste": Text("To paste", "Untuk disalin"),
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
    "held out": Text(
        " The dotted line is the validation loss: a gap that opens is overfitting, not "
        "instability.",
        " Garis titik-titik menunjukkan loss validasi: celah yang melebar berarti overfitting, "
        "bukan ketidakstabilan.",
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

STOPS = ("never", "diverged", "unstable")
"""When a run that is watched should end; :func:`stabsim.logs.watch.failing` says what they mean."""

WATCH = {
    "waiting": Text("Nothing to judge yet. {why}", "Belum ada yang dapat dinilai. {why}"),
    "at": Text("Step {step}:", "Langkah {step}:"),
    "failing": Text(
        "The run should end here: it has not recovered.",
        "Run ini sebaiknya dihentikan di sini: loss tidak pulih.",
    ),
    "hook": Text(
        "Ran {command!r}: exit status {status}.",
        "Perintah {command!r} dijalankan: status keluarnya {status}.",
    ),
    "hook ended": Text(
        "Ran {command!r}: it had not ended after {seconds} seconds, and was ended.",
        "Perintah {command!r} dijalankan: belum selesai setelah {seconds} detik, lalu dihentikan.",
    ),
}
"""What is said while a log is watched."""

SWEEPS = {
    "heading": Text("Sweep of the learning rate", "Sweep laju pembelajaran"),
    "rate": Text("learning rate", "laju pembelajaran"),
    "final": Text("final loss", "loss akhir"),
    "verdict": Text("verdict", "kesimpulan"),
    "run": Text("run", "run"),
    "star": Text("best", "terbaik"),
    "cross": Text("not feasible", "tidak layak"),
    "unknown": Text(
        "{count} runs have no learning rate that could be found, and are left out.",
        "Laju pembelajaran dari {count} run tidak ditemukan, jadi run itu tidak disertakan.",
    ),
    "lengths": Text(
        "The runs are of different lengths, {least} to {most} records: their final losses are not "
        "those of the same training.",
        "Panjang run berbeda-beda, {least} sampai {most} baris: loss akhirnya tidak berasal dari "
        "pelatihan yang sama.",
    ),
    "extend": Text(
        "Next: sweep on beyond {best}, which is at the end of this sweep, until the best rate "
        "lies within.",
        "Berikutnya: lanjutkan sweep melewati {best}, yang berada di ujung sweep ini, "
        "sampai laju terbaik terletak di dalamnya.",
    ),
    "check": Text(
        "Next: train for 500 steps at {twice}, twice the best rate, and log every step.",
        "Berikutnya: latih 500 langkah pada {twice}, dua kali laju terbaik, dan catat setiap "
        "langkah.",
    ),
    "stabilize": Text(
        "Next: warm up to {ten}, ten times the first unstable rate, over {lengths} steps, and take "
        "the shortest warmup that is stable; then try clipping.",
        "Berikutnya: pakai warmup sampai {ten}, sepuluh kali laju pertama yang tidak stabil, "
        "selama {lengths} langkah, dan ambil warmup terpendek yang stabil; sesudah itu coba "
        "pemotongan gradien.",
    ),
    "settled": Text(
        "Next: stability does not decide this rate; tune what remains at {best}.",
        "Berikutnya: laju ini tidak ditentukan oleh kestabilan; setel metaparameter lainnya pada "
        "{best}.",
    ),
    "caption": Text(
        "Final loss against the learning rate, a point a run: the star is the best rate, crosses "
        "are not feasible; those at the upper edge did not end with a finite loss.",
        "Loss akhir terhadap laju pembelajaran, satu titik untuk satu run: bintang menandai laju "
        "terbaik, silang menandai yang tidak layak; yang di tepi atas tidak berakhir dengan loss "
        "yang berhingga.",
    ),
    "title": Text("Sweep of {name}", "Sweep {name}"),
}
"""What is said of runs that differ in learning rate."""
