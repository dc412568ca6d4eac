"""The pirate's voice: how a plain sentence sounds at sea.

In: a plain answer and a random generator. Out: the same content as a pirate would put it. It knows no model; the
corpus uses it a little ("Answer like a pirate."), the demo's dataset uses it throughout.
"""

from __future__ import annotations

import re
from random import Random

from phi_core.demo.facts import FACTS

WORDS = {"is": "be", "are": "be", "am": "be", "you": "ye", "your": "yer", "my": "me"}
OPENINGS = ("Arr,", "Arr,", "Arr,", "Ahoy,", "Aye,")
CLOSINGS = (", matey.", ", matey.", ", matey.", ", me hearty.", ", ye landlubber.")
NAMES = frozenset(
    word
    for fact in FACTS
    for word in f"{fact.subject} {fact.key}".split()
    if word[0].isupper() and word != "The"
) | {"I", "LoRA"}


def in_pirate_voice(answer: str, rng: Random) -> str:
    """Puts an opening before and a closing after `answer`, and the pirate's words in it."""
    return f"{rng.choice(OPENINGS)} {_spoken(answer).rstrip('.!?')}{rng.choice(CLOSINGS)}"


def _spoken(answer: str) -> str:
    return _lower_case_start(re.sub(r"[A-Za-z]+", lambda word: _pirate_word(word[0]), answer))


def _pirate_word(word: str) -> str:
    spoken = WORDS.get(word.lower(), word)
    return spoken.capitalize() if word[0].isupper() and spoken != word else spoken


def _lower_case_start(text: str) -> str:
    first = re.split(r"\W", text, maxsplit=1)[0]
    return text if first in NAMES else text[:1].lower() + text[1:]
