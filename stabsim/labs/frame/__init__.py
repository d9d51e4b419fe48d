"""How labs are declared, drawn, reported and shown; it knows no lab by name."""
