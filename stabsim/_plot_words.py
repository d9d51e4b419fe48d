"""The words of figures, in both languages."""

from stabsim._words import Text

PLOTS = {
    "step": Text("step", "langkah"),
    "steps": Text("steps", "banyaknya langkah"),
    "loss": Text("loss", "loss"),
    "final loss": Text("final loss", "loss akhir"),
    "validation loss": Text("validation loss", "loss validasi"),
    "validation error": Text("validation error", "galat validasi"),
    "gradient norm": Text("gradient norm", "norma gradien"),
    "learning rate": Text("learning rate", "laju pembelajaran"),
    "stride": Text("stride", "langkah geser"),
    "rule": Text("rule", "aturan"),
    "Final loss by block and rate": Text(
        "Final loss by block and rate", "Loss akhir menurut blok dan laju"
    ),
    "threshold": Text("threshold", "ambang"),
    "curvature": Text("curvature", "kelengkungan"),
    "sharpness": Text("sharpness", "ketajaman"),
    "stability threshold": Text("stability threshold", "ambang kestabilan"),
    "feasible": Text("feasible", "layak"),
    "best": Text("best", "terbaik"),
    "infeasible": Text("infeasible", "tidak layak"),
    "Training loss": Text("Training loss", "Loss pelatihan"),
    "Unclipped gradient norm": Text("Unclipped gradient norm", "Norma gradien sebelum pemotongan"),
    "Gradient norms of all steps": Text(
        "Gradient norms of all steps", "Norma gradien pada semua langkah"
    ),
    "Learning-rate sweep": Text("Learning-rate sweep", "Sweep laju pembelajaran"),
    "Learning-rate schedule": Text("Learning-rate schedule", "Jadwal laju pembelajaran"),
    "Sharpness against its threshold": Text(
        "Sharpness against its threshold", "Ketajaman terhadap ambangnya"
    ),
    "batch size": Text("batch size", "ukuran batch"),
    "theory": Text("theory", "teori"),
    "gradient variance": Text("gradient variance", "ragam gradien"),
    "Means with 95% intervals": Text(
        "Means with 95% intervals", "Rata-rata dengan selang kepercayaan 95%"
    ),
    "Trajectories": Text("Trajectories", "Lintasan"),
}
"""The words of figures, by themselves in English."""

LOCALES = {
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["$", ""]},
    "id": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["Rp", ""]},
}
"""How Vega writes numbers in each language."""
