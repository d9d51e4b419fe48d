"""What to paste: the line that makes an experiment, for each of five libraries.

Each is run in its library by the tests. The words in braces are numbers from the log: the
``threshold`` and the ``rate``, ``half`` of it, the ``steps`` of the shortest warmup to try.
"""

TORCH, TRANSFORMERS, LIGHTNING, OPTAX, KERAS = (
    "PyTorch", "transformers", "Lightning", "optax", "Keras",
)  # fmt: skip

LINES = {
    "clipping": {
        TORCH: "torch.nn.utils.clip_grad_norm_(model.parameters(), {threshold})",
        TRANSFORMERS: "TrainingArguments(max_grad_norm={threshold})",
        LIGHTNING: "Trainer(gradient_clip_val={threshold})",
        OPTAX: "optax.chain(optax.clip_by_global_norm({threshold}), optimizer)",
        KERAS: "keras.optimizers.Adam({rate}, global_clipnorm={threshold})",
    },
    "warmup": {
        TORCH: "torch.optim.lr_scheduler.LinearLR(optimizer, 1 / {steps}, total_iters={steps})",
        TRANSFORMERS: "TrainingArguments(warmup_steps={steps})",
        LIGHTNING: "dict(scheduler=torch.optim.lr_scheduler.LinearLR(optimizer, 1 / {steps}, "
        'total_iters={steps}), interval="step")',
        OPTAX: "optax.warmup_constant_schedule(0.0, {rate}, {steps})",
        KERAS: "keras.optimizers.schedules.CosineDecay(0.0, {duration}, warmup_target={rate}, "
        "warmup_steps={steps})",
    },
    "lower-rate": {
        TORCH: "torch.optim.AdamW(model.parameters(), lr={half})",
        TRANSFORMERS: "TrainingArguments(learning_rate={half})",
        LIGHTNING: "torch.optim.AdamW(self.parameters(), lr={half})",
        OPTAX: "optax.adamw({half})",
        KERAS: "keras.optimizers.AdamW({half})",
    },
    "first-nan": {
        TORCH: "torch.autograd.set_detect_anomaly(True)",
        TRANSFORMERS: "TrainingArguments(logging_nan_inf_filter=False)",
        LIGHTNING: "Trainer(detect_anomaly=True)",
        OPTAX: 'jax.config.update("jax_debug_nans", True)',
        KERAS: "keras.callbacks.TerminateOnNaN()",
    },
    "beta2": {
        TORCH: "torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95))",
        TRANSFORMERS: "TrainingArguments(adam_beta2=0.95)",
        LIGHTNING: "torch.optim.AdamW(self.parameters(), betas=(0.9, 0.95))",
        OPTAX: "optax.adamw({rate}, b2=0.95)",
        KERAS: "keras.optimizers.AdamW({rate}, beta_2=0.95)",
    },
}
"""Lines by experiment and library."""
