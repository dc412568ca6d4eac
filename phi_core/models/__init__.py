"""Models in memory: device, base model, adapters. Heavy: imports torch, transformers and peft."""
