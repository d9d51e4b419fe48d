"""The words of the labs' frame, in both languages."""

from stabsim._words import Text

FRAME = {
    "lab": Text("Lab", "Lab"),
    "goal": Text("Goal", "Sasaran"),
    "goals": Text("Goals", "Sasaran"),
    "reached": Text("Reached.", "Tercapai."),
    "reset": Text("Reset", "Setel ulang"),
    "keep": Text("Keep this run to compare", "Simpan run ini sebagai pembanding"),
    "kept": Text("Kept runs", "Run pembanding"),
    "forget": Text("Remove this kept run: {run}", "Hapus run pembanding ini: {run}"),
    "full": Text(
        "Four runs are kept; remove one to keep another.",
        "Sudah ada empat run pembanding; hapus satu untuk menyimpan yang lain.",
    ),
    "first": Text("as it began", "setelan awal"),
    "value": Text("{label}, as a number", "{label}, sebagai bilangan"),
    "range": Text(
        "{label}: a number from {low} to {high}, such as 0.05, 1/20 or 2^-4.",
        "{label}: bilangan dari {low} sampai {high}, misalnya 0,05, 1/20, atau 2^-4.",
    ),
    "whole": Text(
        "{label}: a whole number from {low} to {high}.",
        "{label}: bilangan bulat dari {low} sampai {high}.",
    ),
    "reads": Text("It was read as {value}.", "Terbaca sebagai {value}."),
    "play": Text("Play", "Putar"),
    "pause": Text("Pause", "Jeda"),
    "cursor": Text("Look at one step", "Lihat satu langkah"),
    "drag": Text("Drag the dashed line: {label}.", "Seret garis putus-putus: {label}."),
    "click": Text("Click a mark to set: {label}.", "Klik sebuah tanda untuk menyetel: {label}."),
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
        "Pengaturan lab memerlukan JavaScript; gambar menampilkan setelan awalnya.",
    ),
    "nowasm": Text(
        "This browser has no WebAssembly, so the first picture stays.",
        "Peramban ini tidak mendukung WebAssembly, jadi gambar awal tetap ditampilkan.",
    ),
    "failed": Text("It could not be computed: {error}", "Perhitungan gagal: {error}"),
}
