"""What the chapter on transformers says of its cells' runs."""

from collections.abc import Iterator

import jax

import stabsim as ss
from claims.statement import Nudge, Said, Statement


def qk_norm_lowers_the_sensitivity(nudge: Nudge) -> Iterator[Statement]:
    def train(qk_norm, learning_rate, seed):
        net = ss.workloads.transformer(depth=1, width=32, norm="pre", qk_norm=qk_norm)
        falling = ss.schedules.cosine_decay(learning_rate, 180)
        rate = ss.schedules.prepend_warmup(falling, 20)
        return ss.simulate(
            nudge(net), ss.adam(rate), steps=200, batch_size=16, seed=seed, evaluate_at=()
        )

    runs = ss.sweep(
        train, qk_norm=[False, True], learning_rate=[4.0**k for k in range(-5, 1)], seed=range(3),
        loop=["qk_norm"], progress=False,
    )  # fmt: skip
    number = ss.learning_rate_sensitivity(runs).median("seed")
    share = number.sel(qk_norm=True) / number.sel(qk_norm=False)
    yield Statement("sensitivity with QK-norm over that without", float(share), high=1)
    final = runs.loss[..., -20:].mean("step").median("seed")
    ratio = final.sel(qk_norm=False) / final.sel(qk_norm=True)
    low, above = ratio.to_numpy()[:2], ratio.to_numpy()[3:5]
    yield Statement("the lowest rates: loss without over that with, largest", max(low), high=1.3)
    yield Statement("the lowest rates: loss without over that with, least", min(low), low=0.75)
    yield Statement(
        "4 and 16 times the best rate: loss without over that with, least", min(above), low=1.3
    )


def a_z_loss_brings_log_z_back_to_zero(nudge: Nudge) -> Iterator[Statement]:
    ends = []
    for z_loss in (0.0, 0.01):
        net = nudge(ss.workloads.transformer(depth=1, width=32, norm="pre", z_loss=z_loss))

        def log_z(now, net=net):
            logits = net.network.apply(now.params, now.batch.inputs)
            return jax.nn.logsumexp(logits, -1).mean()

        trace = ss.simulate(
            net, ss.adam(0.25), steps=100, batch_size=16, evaluate_at=(), observe=log_z
        )
        ends.append(abs(float(trace.observed[-10:].mean())))
    yield Statement("log Z at the end without it", ends[0], low=4)
    yield Statement("with it", ends[1], high=2)


STATEMENTS: list[Said] = [qk_norm_lowers_the_sensitivity, a_z_loss_brings_log_z_back_to_zero]
