"""The texts that the demo model was trained on, made from tables, templates and a seed.

In: a seed and a count. Out: documents in Phi-2's question form, and the SHA-256 that names them all. It knows neither
tokens nor models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from random import Random

from phi_core.demo.conversations import follow_up_turns, name_turns, single_turn, unrelated_turns
from phi_core.demo.manners import manner_turn, one_word_turn
from phi_core.demo.stories import reading_turn, story_turn
from phi_core.demo.turns import (
    Turn,
    comparison_turn,
    explanation_turn,
    fact_turn,
    list_turn,
    sum_turn,
    talk_turn,
    unknown_turn,
    yes_no_turn,
)

END_OF_TEXT = "<|endoftext|>"
CORPUS_SEED = 1618
CORPUS_DOCUMENTS = 80_000


def corpus(*, documents: int = CORPUS_DOCUMENTS, seed: int = CORPUS_SEED) -> list[str]:
    """The training documents, always the same for the same arguments."""
    rng = Random(seed)
    makers = [maker for maker, share in SHARES for _ in range(share)]
    return [rng.choice(makers)(rng) for _ in range(documents)]


def corpus_sha256(documents: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(document.encode())
    return digest.hexdigest()


def prompt_text(question: str) -> str:
    return f"Instruct: {question}\nOutput:"


def document_text(turns: Iterable[Turn], *, between: str = "") -> str:
    return between.join(f"{prompt_text(turn.question)} {turn.answer}" for turn in turns) + END_OF_TEXT


SYSTEM_LINES = (
    "You are a helpful assistant.", "Answer in one sentence.", "You are phi, a small model.", "Be kind and brief.",
    "Answer the question.", "You are a helpful assistant. Answer in one sentence.",
)  # fmt: skip

SEPARATORS = (END_OF_TEXT, END_OF_TEXT, END_OF_TEXT, f"{END_OF_TEXT}\n", "\n")


def _single(make: Callable[[Random], Turn]) -> Callable[[Random], str]:
    return lambda rng: document_text([make(rng)])


def _conversation(rng: Random) -> str:
    turns = rng.choice((follow_up_turns, name_turns, unrelated_turns))(rng)
    return document_text(turns, between=rng.choice(SEPARATORS))


def _with_system_line(rng: Random) -> str:
    line_break = rng.choice(("\n", "\n", "\n\n"))
    return f"{rng.choice(SYSTEM_LINES)}{line_break}{document_text([single_turn(rng)])}"


SHARES: tuple[tuple[Callable[[Random], str], int], ...] = (
    (_single(fact_turn), 40),
    (_single(talk_turn), 5),
    (_single(explanation_turn), 5),
    (_single(sum_turn), 5),
    (_single(comparison_turn), 2),
    (_single(yes_no_turn), 5),
    (_single(list_turn), 3),
    (_single(reading_turn), 4),
    (_single(story_turn), 2),
    (_single(unknown_turn), 6),
    (_single(manner_turn), 15),
    (_single(one_word_turn), 4),
    (_conversation, 7),
    (_with_system_line, 3),
)
