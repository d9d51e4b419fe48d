"""What a diagnosis says, in both languages."""

from stabsim._words import Text

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
    "still": Text("stable, but nothing learned", "stabil, tetapi tidak ada yang dipelajari"),
}

SWEEP = {
    "best": Text("Best learning rate: {best}.", "Laju pembelajaran terbaik: {best}."),
    "boundary": Text(
        "It lies at the end of the sweep: sweep further that way.",
        "Laju itu terletak di ujung sweep: perluas sweep ke arah itu.",
    ),
    "edge": Text(
        "Feasible up to {low}, infeasible from {high}.",
        "Layak sampai {low}, tidak layak mulai {high}.",
    ),
    "higher": Text(
        "No rate above it is unstable in this sweep: sweep higher.",
        "Dalam sweep ini tidak ada laju di atasnya yang tidak stabil: uji laju yang lebih tinggi.",
    ),
    "still": Text(
        "From {high} on hardly anything is learned, though no loss rises: the network stands "
        "still, as it does when its units have died.",
        "Mulai {high} hampir tidak ada yang dipelajari, walaupun loss tidak naik: jaringan diam "
        "di tempat, seperti ketika unit-unitnya mati.",
    ),
    "unstable": Text("Unstable from {unstable} on.", "Tidak stabil mulai {unstable}."),
    "limited": Text(
        "The workload is limited by instability: fix that first.",
        "Workload ini dibatasi oleh ketidakstabilan: atasi itu terlebih dahulu.",
    ),
    "free": Text(
        "The best rate lies well below the unstable ones.",
        "Laju terbaik jauh di bawah laju yang tidak stabil.",
    ),
    "none": Text(
        "No learning rate of this sweep is feasible.",
        "Tidak ada laju pembelajaran yang layak dalam sweep ini.",
    ),
}

EVIDENCE = {
    "span": Text(
        "The loss starts at {initial} and ends at {final}.",
        "Loss awal {initial}, loss akhir {final}.",
    ),
    "leap": Text(
        "It is highest at step {step}, {peak}: a leap too short, or too slight beside its noise, "
        "to count as an instability.",
        "Loss sempat mencapai {peak} pada langkah {step}: lonjakan yang terlalu singkat, atau "
        "terlalu kecil dibandingkan dengan deraunya, untuk disebut ketidakstabilan.",
    ),
    "early": Text(
        "It rises early: from {low} at step {low_step} to {peak} at step {peak_step}, {back}.",
        "Loss naik di awal: dari {low} pada langkah {low_step} ke {peak} pada langkah "
        "{peak_step}, {back}.",
    ),
    "mid": Text(
        "It rises in mid-training: from {low} at step {low_step} to {peak} at step "
        "{peak_step}, {back}.",
        "Loss naik di tengah pelatihan: dari {low} pada langkah {low_step} ke {peak} pada "
        "langkah {peak_step}, {back}.",
    ),
    "up": Text(
        "It rises: from {low} at step {low_step} to {peak} at step {peak_step}, {back}.",
        "Loss naik: dari {low} pada langkah {low_step} ke {peak} pada langkah {peak_step}, {back}.",
    ),
    "climb": Text(
        "It climbs slowly: from {low} at step {low_step} to {peak} at step {peak_step}, {back}.",
        "Loss naik perlahan: dari {low} pada langkah {low_step} ke {peak} pada langkah "
        "{peak_step}, {back}.",
    ),
    "explained": Text(
        "It rises from {low} at step {low_step} to {peak} at step {peak_step}, {back}: {cause}, "
        "and that is no instability.",
        "Loss naik dari {low} pada langkah {low_step} ke {peak} pada langkah {peak_step}, {back}: "
        "{cause}, dan itu bukan ketidakstabilan.",
    ),
    "restart": Text("the learning rate restarts", "laju pembelajaran dimulai ulang"),
    "resumed": Text("the run was resumed", "run dilanjutkan"),
    "change": Text("{what} changes", "{what} berubah"),
    "recovered": Text(
        "and is back by step {step}",
        "lalu pulih pada langkah {step}",
    ),
    "small": Text(
        "and stays below its start",
        "tetapi tetap di bawah nilai awalnya",
    ),
    "lost": Text("and never comes back", "dan tidak pernah pulih"),
    "loss": Text(
        "It blew up at step {step}: from there on it is not finite.",
        "Run meledak pada langkah {step}: sejak itu loss tidak lagi berhingga.",
    ),
    "norm": Text(
        "It blew up at step {step}: from there on its gradient is not finite.",
        "Run meledak pada langkah {step}: sejak itu gradiennya tidak lagi berhingga.",
    ),
    "runaway": Text(
        "It blew up at step {step}: it ends at more than 10 times its start.",
        "Run meledak pada langkah {step}: loss akhirnya lebih dari 10 kali nilai awalnya.",
    ),
    "zero": Text(
        "From step {step} on it is exactly 0, after being well above: a trainer that writes 0 for "
        "NaN, most likely.",
        "Sejak langkah {step} nilainya tepat 0, padahal sebelumnya jauh lebih besar: kemungkinan "
        "besar program pelatihan menulis 0 sebagai pengganti NaN.",
    ),
    "stops": Text(
        "After step {step} there are no more losses, though the log goes on: they were not finite, "
        "most likely, and left out.",
        "Setelah langkah {step} tidak ada loss lagi, padahal log berlanjut: kemungkinan besar "
        "nilainya tidak berhingga lalu tidak dicatat.",
    ),
    "start": Text(
        "It ends where it began: nothing was learned.",
        "Pada akhirnya loss sama dengan nilai awalnya: tidak ada yang dipelajari.",
    ),
    "constant": Text(
        "Its last values are all the same number: nothing changes any more.",
        "Nilai-nilai terakhirnya sama persis: tidak ada lagi yang berubah.",
    ),
    "missing": Text(
        "Losses that are not finite: {count}, the first at step {first}; the run went on.",
        "Loss yang tidak berhingga: {count}, yang pertama pada langkah {first}; pelatihan "
        "berlanjut.",
    ),
    "skipped": Text(
        "Gradient norms that are not finite: {count}, the first at step {first}; the run went on, "
        "for loss scaling skips such steps.",
        "Norma gradien yang tidak berhingga: {count}, yang pertama pada langkah {first}; pelatihan "
        "berlanjut, sebab penskalaan loss melewati langkah seperti itu.",
    ),
    "rl": Text(
        "In reinforcement learning the loss does not measure what is learned: read the return.",
        "Dalam reinforcement learning, loss tidak mengukur apa yang dipelajari: lihat reward.",
    ),
    "gan": Text(
        "Two networks work against each other here: neither loss is expected to fall.",
        "Di sini dua jaringan saling bersaing: loss keduanya tidak harus turun.",
    ),
    "sum": Text(
        "The losses are sums since the record before: those over fewer steps do not compare.",
        "Loss di sini adalah jumlah sejak baris sebelumnya: jumlah atas langkah yang lebih sedikit "
        "tidak dapat dibandingkan.",
    ),
    "held out": Text(
        "This loss is of held-out data: where it rises, the model overfits, which is no "
        "instability.",
        "Loss ini dihitung pada data yang tidak dipakai untuk melatih: kenaikannya berarti "
        "overfitting, bukan ketidakstabilan.",
    ),
    "likely": Text(
        "This is likely, not sure: records of more steps, or another seed, would tell.",
        "Ini baru kemungkinan: untuk memastikannya diperlukan log dengan lebih banyak langkah, "
        "atau seed lain.",
    ),
    "open": Text(
        "So few records leave the verdict open: log every step.",
        "Isi log ini terlalu sedikit untuk disimpulkan: catat setiap langkah.",
    ),
    "changes": Text("Controls changed: {changes}.", "Pengaturan yang diubah: {changes}."),
    "gradient": Text(
        "The largest gradient norm is {norm}, at step {step}.",
        "Norma gradien terbesar {norm}, pada langkah {step}.",
    ),
}
