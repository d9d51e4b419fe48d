"""A small GPT that learns the characters of Python's own help texts, in PyTorch."""

import argparse
import math
import time
from pydoc_data.topics import topics

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-2)
parser.add_argument("--warmup", type=int, default=0)
parser.add_argument("--max-steps", type=int, default=250)
parser.add_argument("--seed", type=int, default=1337)
parser.add_argument("--clip", type=float, default=0.0)
parser.add_argument("--out", default="char_gpt.log")
args = parser.parse_args()

block_size, batch_size = 32, 16
n_layer, n_head, n_embd = 4, 4, 48
eval_interval = 50

torch.manual_seed(args.seed)
text = "".join(topics[name] for name in sorted(topics)[:40])
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
splits = {"train": data[:n], "val": data[n:]}


def get_batch(split):
    data = splits[split]
    ix = torch.randint(len(data) - block_size, (batch_size,))
    x = torch.stack([data[i : i + block_size] for i in ix])
    y = torch.stack([data[i + 1 : i + 1 + block_size] for i in ix])
    return x, y


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.c_attn(x).split(n_embd, dim=2)
        q, k, v = (z.view(B, T, n_head, C // n_head).transpose(1, 2) for z in (q, k, v))
        att = (q @ k.transpose(-2, -1)) / math.sqrt(C // n_head)
        mask = torch.ones(T, T, dtype=torch.bool).tril()
        att = att.masked_fill(~mask, float("-inf")).softmax(-1)
        return self.c_proj((att @ v).transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    """Normalizes after each sum, as the first transformers did."""

    def __init__(self):
        super().__init__()
        self.attn, self.ln_1, self.ln_2 = (
            SelfAttention(),
            nn.LayerNorm(n_embd),
            nn.LayerNorm(n_embd),
        )
        self.mlp = nn.Sequential(
            nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd)
        )

    def forward(self, x):
        x = self.ln_1(x + self.attn(x))
        return self.ln_2(x + self.mlp(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(len(chars), n_embd)
        self.wpe = nn.Embedding(block_size, n_embd)
        self.h = nn.Sequential(*[Block() for _ in range(n_layer)])
        self.lm_head = nn.Linear(n_embd, len(chars), bias=False)

    def forward(self, idx, targets):
        x = self.h(self.wte(idx) + self.wpe(torch.arange(idx.shape[1])))
        return F.cross_entropy(self.lm_head(x).flatten(0, 1), targets.flatten())


model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.95), weight_decay=0.1)


def get_lr(it):
    if it < args.warmup:
        return args.lr * (it + 1) / args.warmup
    return args.lr


@torch.no_grad()
def estimate_loss():
    model.eval()
    losses = torch.tensor([model(*get_batch("val")) for _ in range(10)])
    model.train()
    return losses.mean().item()


log = open(args.out, "w", buffering=1)  # noqa: SIM115


def say(line):
    print(line)
    print(line, file=log)


for it in range(args.max_steps):
    t0 = time.time()
    lr = get_lr(it)
    for group in optimizer.param_groups:
        group["lr"] = lr
    loss = model(*get_batch("train"))
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), args.clip or float("inf"))
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    dt = (time.time() - t0) * 1000
    say(f"step {it:5d} | loss: {loss.item():.6f} | lr {lr:.4e} | norm: {norm:.4f} | dt: {dt:.2f}ms")
    if it % eval_interval == eval_interval - 1 or it == args.max_steps - 1:
        say(f"step {it:5d} | val loss: {estimate_loss():.4f}")
