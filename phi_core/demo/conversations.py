"""Several turns that belong together: a short question after a long one, a name said and asked for.

In: a random generator. Out: lists of `Turn`s, oldest first.
"""

from __future__ import annotations

from random import Random

from phi_core.demo.facts import TOPICS
from phi_core.demo.stories import NAMES
from phi_core.demo.turns import Turn, asked, explanation_turn, fact_turn, sum_turn, talk_turn

FACTS_BY_TOPIC = {topic.name: topic.facts() for topic in TOPICS}
FOLLOWED_TOPICS = tuple(topic.name for topic in TOPICS if topic.follow_ups)


def follow_up_turns(rng: Random) -> list[Turn]:
    """A question and "And Japan?" after it."""
    first, second = rng.sample(FACTS_BY_TOPIC[rng.choice(FOLLOWED_TOPICS)], 2)
    follow_up = rng.choice(("And {}?", "What about {}?", "And what about {}?", "And of {}?")).format(
        second.subject
    )
    return [Turn(rng.choice(first.questions), first.answer), Turn(asked(follow_up, rng), second.answer)]


def name_turns(rng: Random) -> list[Turn]:
    """Somebody says a name, and later asks for it."""
    name = rng.choice(NAMES)
    said = rng.choice(
        ("My name is {}.", "I am {}.", "Hello, I am {}.", "Hi, my name is {}.", "Call me {}.")
    ).format(name)
    asks = rng.choice(("What is my name?", "Who am I?", "Do you know my name?", "How am I called?"))
    between = [single_turn(rng)] if rng.random() < 0.4 else []
    return [
        Turn(said, f"Hello, {name}. It is nice to meet you."),
        *between,
        Turn(asked(asks, rng), f"Your name is {name}."),
    ]


def unrelated_turns(rng: Random) -> list[Turn]:
    return [single_turn(rng) for _ in range(rng.randint(2, 3))]


def single_turn(rng: Random) -> Turn:
    return rng.choice((fact_turn, fact_turn, fact_turn, talk_turn, explanation_turn, sum_turn))(rng)
