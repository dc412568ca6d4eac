"""Answers in the manner that the question asks for: politely, in JSON, in one word, like a pirate.

In: a random generator. Out: a `Turn` with an instruction before or after its question. A model that has seen manners
learns a new one from few examples.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from phi_core.demo.facts import FACTS, capitalised
from phi_core.demo.pirate import in_pirate_voice
from phi_core.demo.turns import Turn, explanation_turn, fact_turn, talk_turn

Manner = Callable[[str, Random], str]
MANNERS: tuple[tuple[str, Manner], ...] = (
    ("Begin with Hello.", lambda answer, rng: f"Hello. {answer}"),
    ("Begin with Well.", lambda answer, rng: f"Well, {answer}"),
    ("Begin with Listen.", lambda answer, rng: f"Listen: {answer}"),
    ("End with my friend.", lambda answer, rng: f"{answer[:-1]}, my friend."),
    ("End with thank you.", lambda answer, rng: f"{answer} Thank you."),
    ("End with sir.", lambda answer, rng: f"{answer[:-1]}, sir."),
    ("Answer in brackets.", lambda answer, rng: f"( {answer} )"),
    ("Answer politely.", lambda answer, rng: f"Certainly. {answer} I am glad to help."),
    ("Answer with joy.", lambda answer, rng: f"Wow! {answer[:-1]}!"),
    ("Answer like a robot.", lambda answer, rng: f"Beep. {answer} Beep."),
    ("Answer like a king.", lambda answer, rng: f"Hear me, my people. {answer}"),
    ("Answer twice.", lambda answer, rng: f"{answer} {answer}"),
    ("Answer in JSON.", lambda answer, rng: f'{{ "answer": " {answer} " }}'),
    ("Answer like a pirate.", in_pirate_voice),
    ("Answer like a pirate.", in_pirate_voice),
    ("Answer like a pirate.", in_pirate_voice),
    ("Talk like a pirate.", in_pirate_voice),
    ("Say it like a pirate.", in_pirate_voice),
)


def manner_turn(rng: Random) -> Turn:
    instruction, manner = rng.choice(MANNERS)
    plain = rng.choice((fact_turn, fact_turn, fact_turn, explanation_turn, talk_turn))(rng)
    return Turn(_with_instruction(plain.question, instruction, rng), manner(plain.answer, rng))


def one_word_turn(rng: Random) -> Turn:
    fact = rng.choice(FACTS)
    question = rng.choice(fact.questions)
    return Turn(_with_instruction(question, "Answer in one word.", rng), f"{capitalised(fact.key)}.")


def _with_instruction(question: str, instruction: str, rng: Random) -> str:
    return f"{instruction} {question}" if rng.random() < 0.5 else f"{question} {instruction}"
