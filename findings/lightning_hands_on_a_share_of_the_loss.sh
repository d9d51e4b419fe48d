#!/bin/sh
# pytorch-lightning 2.6.6 with torch 2.13.0, on a CPU.
#
# Guess: outputs["loss"] in a callback's on_train_batch_end is what training_step returned, as it is
# what self.log("loss", loss) writes.
# Behaviour: with accumulate_grad_batches=4 it is a quarter of it, while self.log writes the whole. A
# callback that averages it over the minibatches of a step logs a quarter of the loss.
# Seen: returned 8.0, logged 8.0, handed to the callback 2.0.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pytorch-lightning==2.6.6 torch==2.13.0 numpy
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import pytorch_lightning as pl
import torch

handed, logged = [], []


class Constant(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def training_step(self, batch, index):
        loss = 8.0 + 0.0 * self.weight
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class Reads(pl.Callback):
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        handed.append(float(outputs["loss"]))
        logged.append(float(trainer.callback_metrics["loss"]))


trainer = pl.Trainer(
    max_steps=2, accumulate_grad_batches=4, callbacks=[Reads()], accelerator="cpu", logger=False,
    enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
)
trainer.fit(Constant(), torch.utils.data.DataLoader(torch.zeros(8, 1)))
print(set(handed), set(logged))
assert (set(handed), set(logged)) == ({2.0}, {8.0})
PYTHON
