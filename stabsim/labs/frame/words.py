"""The words of the labs' frame, in both languages."""

from stabsim._words import Text

FRAME = {
    "lab": Text("Lab", "Lab"),
    "goal": Text("Goal", "Sasaran"),
    "reached": Text("Reached.", "Tercapai."),
    "reset": Text("Reset", "Kembalikan"),
    "keep": Text("Keep this run to compare", "Simpan run ini sebagai pembanding"),
    "forget": Text("Remove the kept run", "Hapus run pembanding"),
    "link": Text("Copy link", "Salin tautan"),
    "copied": Text("The link is copied.", "Tautan sudah disalin."),
    "csv": Text("Download CSV", "Unduh CSV"),
    "python": Text("Download Python", "Unduh Python"),
    "present": Text("Present", "Presentasikan"),
    "leave": Text("Leave presentation", "Tutup presentasi"),
    "here": Text("Computed in your browser.", "Dihitung di peramban Anda."),
    "kernel": Text("Computed by the kernel.", "Dihitung oleh kernel."),
    "noscript": Text(
        "The controls need JavaScript; the picture shows their first setting.",
        "Kendali memerlukan JavaScript; gambar menampilkan setelan awalnya.",
    ),
    "nowasm": Text(
        "This browser has no WebAssembly, so the first picture stays.",
        "Peramban ini tidak mendukung WebAssembly, jadi gambar awal tetap ditampilkan.",
    ),
    "failed": Text("It could not be computed: {error}", "Perhitungan gagal: {error}"),
}
