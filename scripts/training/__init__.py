"""Training: how the two models are made (docs/training.md)."""
