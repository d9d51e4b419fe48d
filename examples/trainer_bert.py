"""A small BERT from random weights learns which of Python's help topics a piece of text is from."""

import argparse
import re
from collections import Counter
from pydoc_data.topics import topics

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--warmup", type=int, default=0)
parser.add_argument("--max-steps", type=int, default=150)
parser.add_argument("--seed", type=int, default=42)
parser.add_argument("--clip", type=float, default=0.0)
parser.add_argument("--optim", default="adamw_torch")
parser.add_argument("--out", default="trainer_out")
args = parser.parse_args()

set_seed(args.seed)

LENGTH, WORDS = 16, 800
names = sorted(topics, key=lambda name: len(topics[name]))[-8:]
texts = [re.findall(r"\w+|[^\w\s]", topics[name].lower()) for name in names]
vocabulary = ["[PAD]", "[UNK]", "[CLS]"]
vocabulary += [
    word for word, _ in Counter(word for text in texts for word in text).most_common(WORDS)
]
ids = {word: i for i, word in enumerate(vocabulary)}

train, test = [], []
for label, text in enumerate(texts):
    for start in range(0, len(text) - LENGTH, LENGTH):
        tokens = [2] + [ids.get(word, 1) for word in text[start : start + LENGTH]]
        split = test if start // LENGTH % 5 == 4 else train
        split.append({"input_ids": torch.tensor(tokens), "labels": label})

model = BertForSequenceClassification(
    BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=48,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=96,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=LENGTH + 1,
        num_labels=len(names),
    )
)

trainer = Trainer(
    model=model,
    args=TrainingArguments(
        output_dir=args.out,
        learning_rate=args.lr,
        warmup_steps=args.warmup,
        lr_scheduler_type="constant_with_warmup",
        max_steps=args.max_steps,
        max_grad_norm=args.clip,
        optim=args.optim,
        seed=args.seed,
        per_device_train_batch_size=16,
        per_device_eval_batch_size=128,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=50,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    ),
    train_dataset=train,
    eval_dataset=test,
)
trainer.train()
trainer.save_state()
