"""Tiny stories: to be read with a question after them, and to be told.

In: a random generator. Out: a `Turn` whose answer stands in its question, or is a story of three sentences.
"""

from __future__ import annotations

from random import Random

from phi_core.demo.turns import Turn, asked

NAMES = (
    "Tom", "Anna", "Ben", "Lily", "Max", "Mia", "Sam", "Eva", "Leo", "Nora", "Paul", "Ida", "Jack", "Rosa", "Finn",
    "Clara", "Oscar", "Lucy", "Peter", "Emma", "Hugo", "Alice", "Karl", "Maria", "David", "Sofia", "John", "Mary",
)  # fmt: skip
THINGS = (
    "ball", "hat", "kite", "boat", "car", "cup", "bag", "book", "coat", "box", "bike", "flag", "lamp", "drum",
)  # fmt: skip
THING_COLOURS = ("red", "blue", "green", "yellow", "black", "white", "brown", "pink", "grey", "purple")
PLACES = (
    "park", "school", "beach", "garden", "forest", "market", "farm", "lake", "station", "castle", "kitchen",
    "river",
)  # fmt: skip
PETS = ("dog", "cat", "rabbit", "horse", "bird", "mouse", "duck", "fox", "frog", "owl", "bear", "lion")


def reading_turn(rng: Random) -> Turn:
    """A story of two or three sentences with a question that only the story answers."""
    name, other = rng.sample(NAMES, 2)
    thing, colour, place, pet = (rng.choice(words) for words in (THINGS, THING_COLOURS, PLACES, PETS))
    story = f"{name} has a {colour} {thing}. {name} goes to the {place}. " + rng.choice(
        (f"There {name} meets {other}.", f"There {name} sees a {pet}.", f"{name} meets {other} and a {pet}.")
    )
    questions = [
        (f"What colour is the {thing}?", f"The {thing} is {colour}."),
        (f"Where does {name} go?", f"{name} goes to the {place}."),
        (f"What does {name} have?", f"{name} has a {colour} {thing}."),
        (f"Who has the {thing}?", f"{name} has the {thing}."),
    ]
    if other in story:
        questions.append((f"Whom does {name} meet?", f"{name} meets {other}."))
    question, answer = rng.choice(questions)
    return Turn(f"{story} {question if rng.random() < 0.8 else question.lower().rstrip('?')}", answer)


STORY_QUESTIONS = (
    "Tell me a story about a {pet}.", "Write a story about a {pet}.", "Tell a short story about a {pet}.",
)  # fmt: skip
STORY_QUESTIONS_WITHOUT_HERO = (
    "Tell me a story.", "Write a short story.", "Do you know a story?", "Tell me a tale.",
)  # fmt: skip
STORY_MIDDLES = (
    "One day it went to the {place} and found a {colour} {thing}.",
    "One day it lost its {colour} {thing} in the {place}.",
    "One day it met {name} in the {place} and got a {colour} {thing}.",
)  # fmt: skip
STORY_ENDS = (
    "It was very happy and went home.", "Then it went home and slept well.",
    "{name} helped, and they became good friends.", "From that day on it was never alone.",
)  # fmt: skip


def story_turn(rng: Random) -> Turn:
    words = {
        "pet": rng.choice(PETS), "place": rng.choice(PLACES), "colour": rng.choice(THING_COLOURS),
        "thing": rng.choice(THINGS), "name": rng.choice(NAMES),
    }  # fmt: skip
    question = rng.choice(STORY_QUESTIONS + STORY_QUESTIONS_WITHOUT_HERO)
    story = (
        f"Once upon a time there was a little {{pet}}. {rng.choice(STORY_MIDDLES)} {rng.choice(STORY_ENDS)}"
    )
    return Turn(asked(question.format(**words), rng), story.format(**words))
