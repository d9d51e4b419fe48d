#!/bin/sh
# altair 6.3.0 with jsonschema 4.26.0, beside jupyter-events 0.12.1 with rfc3987-syntax 1.1.0.
#
# Guess: what `import altair` imports, and how long it takes, does not hang on whether Jupyter is
# installed beside it, of which altair imports nothing.
# Behaviour: jupyter-events, which every Jupyter server needs, brings rfc3987-syntax. jsonschema, which
# altair imports, imports that wherever it is installed, and it builds a grammar of addresses as it is
# imported. altair checks no address with it.
# Seen: without jupyter-events 0 modules of rfc3987_syntax and lark, with it more than 20; and the import
# takes more than twice the processor's time (one machine: 0.3 and 1.4 s).
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/seen.py" <<'PYTHON'
import sys
import time

import narwhals  # what altair needs in any case is not counted

began = time.process_time()
import altair

taken = time.process_time() - began
print(sum(name.split(".")[0] in ("rfc3987_syntax", "lark") for name in sys.modules), round(taken, 2))
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet altair==6.3.0 jsonschema==4.26.0
"$folder/venv/bin/python" "$folder/seen.py" > /dev/null  # compiles
alone=$("$folder/venv/bin/python" "$folder/seen.py")
"$folder/venv/bin/pip" install --quiet jupyter-events==0.12.1 rfc3987-syntax==1.1.0
"$folder/venv/bin/python" "$folder/seen.py" > /dev/null
beside=$("$folder/venv/bin/python" "$folder/seen.py")
echo "alone: $alone"
echo "beside jupyter-events: $beside"
test "${alone% *}" = 0
test "${beside% *}" -gt 20
