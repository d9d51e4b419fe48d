"""A deep residual network on handwritten digits, in PyTorch, with a CSV log."""

import argparse
import csv

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--warmup", type=int, default=0)
parser.add_argument("--max-steps", type=int, default=600)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--clip", type=float)
parser.add_argument(
    "--optimizer", choices=["sgd", "momentum", "nesterov", "adam"], default="momentum"
)
parser.add_argument("--out", default="digits.csv")
args = parser.parse_args()

torch.manual_seed(args.seed)

digits = load_digits()
x = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
x_train, y_train, x_val, y_val = x[:1400], y[:1400], x[1400:], y[1400:]


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up, self.down = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return x + self.down(F.relu(self.up(x)))


model = nn.Sequential(nn.Linear(64, 64), *[Block(64) for _ in range(10)], nn.Linear(64, 10))

optimizer = {
    "sgd": lambda p: torch.optim.SGD(p, lr=args.lr),
    "momentum": lambda p: torch.optim.SGD(p, lr=args.lr, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=args.lr, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=args.lr),
}[args.optimizer](model.parameters())
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda step: min(1.0, (step + 1) / max(1, args.warmup))
)

with open(args.out, "w", newline="") as file:
    log = csv.writer(file)
    log.writerow(["step", "loss", "grad_norm", "lr", "val_loss", "val_acc"])
    for step in range(args.max_steps):
        batch = torch.randint(len(x_train), (64,))
        loss = F.cross_entropy(model(x_train[batch]), y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), args.clip or float("inf"))
        lr = scheduler.get_last_lr()[0]
        optimizer.step()
        scheduler.step()

        val_loss = val_acc = ""
        if step % 50 == 49 or step == args.max_steps - 1:
            with torch.no_grad():
                scores = model(x_val)
            val_loss = F.cross_entropy(scores, y_val).item()
            val_acc = (scores.argmax(1) == y_val).float().mean().item()
            print(
                f"step {step}: loss {loss.item():.4f}, val loss {val_loss:.4f}, acc {val_acc:.3f}"
            )
        log.writerow([step, loss.item(), norm.item(), lr, val_loss, val_acc])
