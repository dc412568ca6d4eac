"""Tiny random models of five layouts, with a byte-level tokenizer, saved as real model folders.

Random weights are scaled up so that logits differ clearly between tokens. Heavy: imports torch and transformers.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CONFIG_MAPPING,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

STOP, PAD = "<|endoftext|>", "<|pad|>"
VOCABULARY = 258
SIZES = {"vocab_size": VOCABULARY, "bos_token_id": 256, "eos_token_id": 256, "pad_token_id": 257}
COMMON = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
}
LAYOUTS = {
    "phi": {**COMMON, "partial_rotary_factor": 0.5},
    "phi3": {**COMMON, "num_key_value_heads": 2},
    "llama": {**COMMON, "num_key_value_heads": 2},
    "gpt_neox": COMMON,
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
}
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|endoftext|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def tiny_model(layout: str, *, seed: int = 0, **changes: object) -> PreTrainedModel:
    """A random model in evaluation mode, float32."""
    torch.manual_seed(seed)
    config = CONFIG_MAPPING[layout](**{**SIZES, **LAYOUTS.get(layout, {}), **changes})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(4.0)
    return model.eval()


def save_tiny_model(
    folder: Path, layout: str = "phi", *, seed: int = 0, template: str = "", **changes: object
) -> Path:
    """A model folder as the hub has it."""
    model = tiny_model(layout, seed=seed, **changes)
    model.generation_config = GenerationConfig(eos_token_id=256, bos_token_id=256, pad_token_id=257)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer(), eos_token=STOP, bos_token=STOP, pad_token=PAD, model_max_length=256
    )
    if template:
        tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


def byte_tokenizer() -> Tokenizer:
    """One token a byte, and two special tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: place for place, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([STOP, PAD])
    return tokenizer
