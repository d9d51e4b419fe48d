r"""A training in plain Python that starts at once: a chain of weights, steep at first.

Its output is the product of its weights times the first input, plus one weight times the second.
It starts where the loss is steep in the chain, while the second input is small, so that its weight
wants a high rate: instability limits the training. Without the second input it is healthy.

    python tests/walked.py RATE --steps 60 [--warmup 10] [--seed 0] [--clip 1.0] [--slow 0.3] \
        [--out log.jsonl]
"""

import json
import math
import random
import sys

DEPTH, START, BATCH = 4, 1.6, 4


def train(learning_rate, warmup_steps, steps, seed, clip=None, slow=0.3):
    """The losses and the gradient norms of a run, both of shape ``(steps,)``."""
    chance = random.Random(seed)
    weights = [START * chance.uniform(0.9, 1.1) for _ in range(DEPTH)]
    weight, losses, norms = 0.0, [], []
    for step in range(steps):
        inputs = [(chance.gauss(0.0, 1.0), slow * chance.gauss(0.0, 1.0)) for _ in range(BATCH)]
        targets = [x + 3.0 * z + 0.1 * chance.gauss(0.0, 1.0) for x, z in inputs]
        out = math.prod(weights)
        errors = [out * x + weight * z - y for (x, z), y in zip(inputs, targets, strict=True)]
        losses.append(sum(error * error for error in errors) / BATCH)
        along = sum(2 * e * x for e, (x, _) in zip(errors, inputs, strict=True)) / BATCH
        gradient = [along * math.prod(weights[:i] + weights[i + 1 :]) for i in range(DEPTH)]
        gradient.append(sum(2 * e * z for e, (_, z) in zip(errors, inputs, strict=True)) / BATCH)
        norms.append(math.sqrt(sum(g * g for g in gradient)))
        rate = learning_rate * min(1.0, step / warmup_steps) if warmup_steps else learning_rate
        if clip is not None and norms[-1] > clip:
            rate *= clip / norms[-1]
        # Floats of Python overflow with an error, those of other libraries become infinite.
        *weights, weight = (
            w - rate * g if abs(w - rate * g) < 1e60 else math.nan
            for w, g in zip([*weights, weight], gradient, strict=True)
        )
    return {"loss": losses, "gradient_norm": norms}


def main(rate, *options):
    given = dict(zip(options[::2], options[1::2], strict=True))
    clip = given.get("--clip")
    log = train(
        float(rate), int(given.get("--warmup", 0)), int(given["--steps"]),
        int(given.get("--seed", 0)), None if clip is None else float(clip),
        float(given.get("--slow", 0.3)),
    )  # fmt: skip
    with open(given["--out"], "w") if "--out" in given else sys.stdout as file:
        for step, (loss, norm) in enumerate(zip(*log.values(), strict=True)):
            file.write(json.dumps({"step": step, "loss": loss, "grad_norm": norm}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
