"""A convolutional network on handwritten digits, in Keras, with CSVLogger."""

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from keras import layers
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--warmup", type=int, default=0)
parser.add_argument("--max-steps", type=int, default=880)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--clip", type=float)
parser.add_argument("--out", default="keras_digits.csv")
args = parser.parse_args()

keras.utils.set_random_seed(args.seed)

digits = load_digits()
x, y = digits.images[..., None] / 16, digits.target
x_train, y_train, x_val, y_val = x[:1408], y[:1408], x[1408:], y[1408:]

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    ]
)

schedule = args.lr
if args.warmup:
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, args.max_steps, alpha=1.0, warmup_target=args.lr, warmup_steps=args.warmup
    )
model.compile(
    optimizer=keras.optimizers.Adam(schedule, global_clipnorm=args.clip),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)

steps_per_epoch = len(x_train) // 32
model.fit(
    x_train,
    y_train,
    batch_size=32,
    epochs=max(1, args.max_steps // steps_per_epoch),
    validation_data=(x_val, y_val),
    callbacks=[keras.callbacks.CSVLogger(args.out)],
    verbose=2,
)
