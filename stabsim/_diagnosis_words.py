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
}

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
