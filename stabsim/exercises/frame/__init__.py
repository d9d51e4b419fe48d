"""How exercises are declared, judged and asked; it knows no exercise by name."""
