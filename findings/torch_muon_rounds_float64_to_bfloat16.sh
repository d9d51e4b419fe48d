#!/bin/sh
# torch 2.13.0, on a CPU.
#
# Guess: torch.optim.Muon computes in the numbers of its weights, as torch's other optimizers do; with
# float64 weights its Newton-Schulz steps are in float64.
# Behaviour: the Newton-Schulz steps are in bfloat16 whatever the weights are, so that each entry of an
# update has 8 significant bits. From the same five steps in float64 entries differ in the second digit.
# Seen: entries that are bfloat16 numbers: 36 of 36; largest difference from float64: 0.035.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import torch

torch.manual_seed(0)
gradient = torch.randn(6, 6, dtype=torch.float64)
weight = torch.nn.Parameter(torch.zeros(6, 6, dtype=torch.float64))
weight.grad = gradient.clone()
torch.optim.Muon([weight], lr=1.0, weight_decay=0.0, momentum=0.0, nesterov=False).step()
moved = -weight.detach()

x = gradient / gradient.norm()
a, b, c = 3.4445, -4.775, 2.0315
for _ in range(5):
    product = x @ x.T
    x = a * x + (b * product + c * product @ product) @ x

short = int((moved.to(torch.bfloat16).double() == moved).sum())
away = float((moved - x).abs().max())
print(weight.dtype, f"bfloat16 entries: {short} of {moved.numel()}", f"away from float64: {away:.4f}")
assert short == moved.numel()
assert 0.01 < away < 0.1
PYTHON
