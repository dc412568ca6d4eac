"""The loop: batches, loss, trainer, checkpoints, and what it tells the run directory."""
