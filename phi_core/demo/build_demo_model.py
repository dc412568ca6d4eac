"""Builds the demo's model from nothing: `python -m phi_core.demo.build_demo_model [FOLDER]`.

In: the generated corpus. Out: in FOLDER (default: the assets of this package) the model folder with its tokenizer and
card, the pirate's dataset and the question set. About a quarter of an hour on one idle CPU core; the seed, the
documents and the number of steps are fixed, so that it can be repeated. It knows nothing of the rest of phi, and nobody
imports it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from transformers import (
    GenerationConfig,
    PhiConfig,
    PhiForCausalLM,
    PreTrainedTokenizerFast,
    get_cosine_schedule_with_warmup,
)

from phi_core.demo.corpus import CORPUS_DOCUMENTS, CORPUS_SEED, END_OF_TEXT, corpus, corpus_sha256
from phi_core.demo.pirate_dataset import write_dataset, write_questions

PADDING = "<|pad|>"
SEED = 42
VOCABULARY_SIZE = 1280
EPOCHS = 3
BATCH_DOCUMENTS = 64
BATCHES_SORTED_TOGETHER = 16
LEARNING_RATE = 3e-3
WARMUP_STEPS = 150
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT_NORM = 1.0
VALIDATION_DOCUMENTS = 1000
STEPS_BETWEEN_REPORTS = 100
READABLE_BY_ALL = 0o644


@dataclass(frozen=True)
class Measurements:
    """What the card says about the training; the losses are nats a token."""

    steps: int
    seconds: float
    training_loss: float
    validation_loss: float


def build(folder: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    documents = corpus()
    tokenizer = train_tokenizer(documents)
    model = new_model(tokenizer)
    measured = train(model, encode(documents, tokenizer), validation=encode(validation_corpus(), tokenizer))
    save(model, tokenizer, folder / "model")
    card = model_card(model, measured, corpus_sha256=corpus_sha256(documents))
    (folder / "model" / "README.md").write_text(card, encoding="utf-8")
    write_dataset(folder / "pirate.jsonl")
    write_questions(folder / "questions.yaml")


def validation_corpus() -> list[str]:
    """Other documents from the same tables: new wordings and draws, no new facts."""
    return corpus(documents=VALIDATION_DOCUMENTS, seed=CORPUS_SEED + 1)


def train_tokenizer(documents: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE, so that any text can be said, with an end token and another one for padding."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[END_OF_TEXT, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        unk_token=END_OF_TEXT,
        pad_token=PADDING,
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )


def new_model(tokenizer: PreTrainedTokenizerFast) -> PhiForCausalLM:
    return PhiForCausalLM(
        PhiConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=512,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            tie_word_embeddings=False,
        )
    )


def encode(documents: list[str], tokenizer: PreTrainedTokenizerFast) -> list[list[int]]:
    return tokenizer(documents)["input_ids"]


def train(model: PhiForCausalLM, documents: list[list[int]], *, validation: list[list[int]]) -> Measurements:
    """Next-token prediction over the whole documents, each one alone in its row."""
    pad = model.config.pad_token_id
    started = time.perf_counter()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=WEIGHT_DECAY
    )
    steps = len(documents) // BATCH_DOCUMENTS * EPOCHS
    scheduler = get_cosine_schedule_with_warmup(optimizer, WARMUP_STEPS, steps)
    recent: list[float] = []
    model.train()
    for step, batch in enumerate(batches(documents, pad), start=1):
        loss = next_token_loss(model, batch)
        loss.backward()
        clip_grad_norm_(model.parameters(), LARGEST_GRADIENT_NORM)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        recent = [*recent, loss.item()][-STEPS_BETWEEN_REPORTS:]
        if step % STEPS_BETWEEN_REPORTS == 0:
            print(
                f"step {step}/{steps}  loss {_mean(recent):.4f}  {time.perf_counter() - started:.0f} s",
                flush=True,
            )
    seconds = time.perf_counter() - started
    return Measurements(steps, seconds, _mean(recent), validation_loss(model, validation))


def batches(documents: list[list[int]], pad: int) -> Iterator[torch.Tensor]:
    """Rows of similar length, every document once an epoch; what does not fill a batch is left to the next epoch."""
    rng = Random(SEED)
    for _ in range(EPOCHS):
        shuffled = rng.sample(documents, len(documents))
        pool = BATCH_DOCUMENTS * BATCHES_SORTED_TOGETHER
        rows = [
            row for at in range(0, len(shuffled), pool) for row in sorted(shuffled[at : at + pool], key=len)
        ]
        starts = list(range(0, len(rows) - BATCH_DOCUMENTS + 1, BATCH_DOCUMENTS))
        rng.shuffle(starts)
        yield from (padded(rows[at : at + BATCH_DOCUMENTS], pad) for at in starts)


def padded(rows: list[list[int]], pad: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])


def next_token_loss(model: PhiForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    """Padding stands on the right, where causal attention never looks, so no mask is needed."""
    logits = model(input_ids=batch, use_cache=False).logits
    return cross_entropy(
        logits[:, :-1].flatten(0, 1), batch[:, 1:].flatten(), ignore_index=model.config.pad_token_id
    )


@torch.inference_mode()
def validation_loss(model: PhiForCausalLM, documents: list[list[int]]) -> float:
    model.eval()
    return next_token_loss(model, padded(documents, model.config.pad_token_id)).item()


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def save(model: PhiForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    model.generation_config = GenerationConfig(**ids, pad_token_id=tokenizer.pad_token_id)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(READABLE_BY_ALL)


def model_card(model: PhiForCausalLM, measured: Measurements, *, corpus_sha256: str) -> str:
    return CARD.format(
        parameters=model.num_parameters(),
        layers=model.config.num_hidden_layers,
        width=model.config.hidden_size,
        vocabulary=model.config.vocab_size,
        documents=CORPUS_DOCUMENTS,
        corpus_sha256=corpus_sha256,
        corpus_seed=CORPUS_SEED,
        seed=SEED,
        epochs=EPOCHS,
        batch=BATCH_DOCUMENTS,
        peak=LEARNING_RATE,
        validation_documents=VALIDATION_DOCUMENTS,
        measured=measured,
    )


CARD = """\
---
license: mit
language: en
library_name: transformers
pipeline_tag: text-generation
---

# phi demo model

A very small model of the Phi architecture, made so that every part of phi can be tried offline and within a minute.

- Size: {parameters:,} parameters, {layers} layers, width {width}, byte-level BPE of {vocabulary:,} tokens.
- Corpus: {documents:,} documents generated by `phi_core/demo/corpus.py` (seed {corpus_seed}) from tables and templates
  that were written for this project. No outside text.
- Corpus SHA-256: `{corpus_sha256}`
- Training: {measured.steps:,} steps of {batch} documents ({epochs} epochs), AdamW, peak learning rate {peak:g}, cosine,
  seed {seed}; {measured.seconds:.0f} seconds on one CPU thread, in float32.
- Loss, nats per token over questions and answers: {measured.training_loss:.4f} over the last
  training steps, {measured.validation_loss:.4f} on {validation_documents:,} documents generated with another seed.
- Prompt: `Instruct: {{question}}\\nOutput:`; the answer begins with a space and ends with `<|endoftext|>`.
- Licence: MIT.

## Limits

It knows only its corpus: a few hundred facts, small sums, small talk and tiny stories, all in English. Asked for
anything else it says that it does not know, or says something wrong. It is a toy for trying software, not a source.
"""


if __name__ == "__main__":
    build(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "assets")
