"""What a model's folder says about it, read without loading weights or torch."""
