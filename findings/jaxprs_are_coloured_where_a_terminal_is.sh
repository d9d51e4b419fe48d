#!/bin/sh
# jax 0.10.2 with jaxlib 0.10.2.
#
# Guess: str() of a jaxpr is plain text, the same for the same program, so that its hash names the
# program.
# Behaviour: where jax is imported with standard output in a terminal, the text holds colours as
# terminal escapes; with output in a file or a pipe it does not. So a hash of it changes with where a
# script's output goes. (jax_pprint_use_color=False, or pretty_print(use_color=False), leaves them out.)
# Seen: output to a file: 59 characters, no escapes; to a terminal: 124 characters, 10 escapes;
# pretty_print(use_color=False) in the terminal: as in the file.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
cat > "$folder/seen.py" <<'PYTHON'
import sys

import jax

traced = jax.make_jaxpr(lambda x: x * 2)(1.0)
with open(sys.argv[1], "w") as out:
    for text in (str(traced), traced.pretty_print(use_color=False)):
        print(len(text), text.count("\x1b"), file=out)
PYTHON
export JAX_PLATFORMS=cpu
"$folder/venv/bin/python" "$folder/seen.py" "$folder/file.txt" > "$folder/out.txt"
"$folder/venv/bin/python" -c '
import pty, sys
raise SystemExit(pty.spawn(sys.argv[1:]))
' "$folder/venv/bin/python" "$folder/seen.py" "$folder/terminal.txt"
echo "to a file:" && cat "$folder/file.txt"
echo "to a terminal:" && cat "$folder/terminal.txt"
test "$(sed -n 1p "$folder/file.txt")" = "$(sed -n 2p "$folder/file.txt")"
test "$(sed -n 2p "$folder/terminal.txt")" = "$(sed -n 1p "$folder/file.txt")"
test "$(sed -n 1p "$folder/terminal.txt")" != "$(sed -n 2p "$folder/terminal.txt")"
