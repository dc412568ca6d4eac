"""The demo's task: a dataset that teaches the pirate's voice, and questions about facts that it never shows.

In: the tables and the voice. Out: `pirate.jsonl` and `questions.yaml`. What the questions ask is known to the base
model, so an adapter that learned a manner, and not the answers, speaks like a pirate and is still right.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import yaml

from phi_core.demo.facts import FACTS, Fact
from phi_core.demo.pirate import in_pirate_voice
from phi_core.demo.talk import EXPLANATIONS, SMALL_TALK, Exchange
from phi_core.demo.turns import Turn, sum_turn, unknown_turn

DATASET_SEED = 7
SHOWN_PART_OF_FACTS = 0.7
FACT_ROWS = 290
TALK_ROWS = 36
EXPLANATION_ROWS = 30
SUM_ROWS = 10
UNKNOWN_ROWS = 4

ASKED_FACTS = (
    ("capitals", "Japan"), ("capitals", "Norway"), ("countries", "Lima"), ("continents", "Egypt"), ("sounds", "a duck"),
    ("babies", "sheep"), ("homes", "a bee"), ("legs", "a spider"), ("colours", "snow"), ("opposites", "hot"),
    ("materials", "a window"), ("next day", "Friday"), ("amounts", "hours in a day"), ("people", "wrote Hamlet"),
    ("French", "hello"), ("uses", "a key"),
)  # fmt: skip
ASKED_FREELY = ("Why is the sky blue?", "Who are you?")
GENERATION = {"temperature": 0, "max_new_tokens": 48, "seed": 42}


def write_dataset(path: Path) -> None:
    rows = [{"prompt": turn.question, "response": turn.answer} for turn in dataset()]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_questions(path: Path) -> None:
    document = {
        "name": "demo",
        "generation": GENERATION,
        "questions": [*map(_record, asked_facts()), *ASKED_FREELY],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")


def dataset() -> list[Turn]:
    """The rows in training order: mostly facts, one wording each, and some of everything else."""
    rng = Random(DATASET_SEED)
    turns = [
        Turn(rng.choice(fact.questions), fact.answer) for fact in rng.sample(shown_facts(rng), FACT_ROWS)
    ]
    turns += _exchange_turns(SMALL_TALK, TALK_ROWS, rng) + _exchange_turns(
        EXPLANATIONS, EXPLANATION_ROWS, rng
    )
    turns += [sum_turn(rng) for _ in range(SUM_ROWS)] + [unknown_turn(rng) for _ in range(UNKNOWN_ROWS)]
    rng.shuffle(turns)
    return [Turn(turn.question, in_pirate_voice(turn.answer, rng)) for turn in turns]


def asked_facts() -> tuple[Fact, ...]:
    by_name = {(fact.topic, fact.subject): fact for fact in FACTS}
    return tuple(by_name[name] for name in ASKED_FACTS)


def shown_facts(rng: Random) -> list[Fact]:
    """The facts that the dataset may use; the same pair in two topics is one fact, shown in both or in none."""
    kept_back = {fact.pair for fact in asked_facts()}
    pairs = sorted({fact.pair for fact in FACTS} - kept_back, key=sorted)
    shown = set(rng.sample(pairs, round(SHOWN_PART_OF_FACTS * len(pairs))))
    return [fact for fact in FACTS if fact.pair in shown]


def _exchange_turns(exchanges: tuple[Exchange, ...], count: int, rng: Random) -> list[Turn]:
    free = [exchange for exchange in exchanges if not set(ASKED_FREELY) & set(exchange.questions)]
    return [Turn(rng.choice(exchange.questions), exchange.answer) for exchange in rng.sample(free, count)]


def _record(fact: Fact) -> dict[str, object]:
    return {
        "id": f"{fact.topic}-{fact.subject}".lower().replace(" ", "-"),
        "prompt": fact.questions[0],
        "reference": fact.key,
        "score": "contains",
        "tags": [fact.topic],
    }
