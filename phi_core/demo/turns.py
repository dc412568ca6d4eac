"""One question and its answer: about facts, sums, sizes and lists, and about what nobody knows.

In: a random generator. Out: a `Turn`, asked as people type. It knows no documents: `corpus.py` puts turns together.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from phi_core.demo.facts import FACTS, TOPICS, Fact, capitalised
from phi_core.demo.talk import EXPLANATIONS, SMALL_TALK


@dataclass(frozen=True)
class Turn:
    question: str
    answer: str


LEAD_INS = (
    "Please tell me: ", "Tell me, ", "Tell me: ", "Hello! ", "Hi, ", "Hey, ", "I want to know: ", "Can you tell me: ",
    "Please, ", "Question: ", "A quick question: ", "Phi, ", "So, ", "And ", "Now ", "Well, ", "My question is: ",
)  # fmt: skip
LEAD_OUTS = (" Thank you.", " Please.", " Please tell me.", " Tell me.", " I want to know.", " Answer in one sentence.")  # fmt: skip


def asked(question: str, rng: Random) -> str:
    """The question as somebody in a hurry may type it: lower case, no mark, a word before or after."""
    draw = rng.random()
    if draw < 0.10:
        question = rng.choice(LEAD_INS) + question
        question = question if rng.random() < 0.5 else question.lower()
    elif draw < 0.14:
        question += rng.choice(LEAD_OUTS)
    if rng.random() < 0.08:
        question = question.replace("What is", rng.choice(("What's", "Whats")))
    if rng.random() < 0.3:
        question = question.lower()
    elif rng.random() < 0.02:
        question = question.upper()
    if rng.random() < 0.3:
        question = question.rstrip("?.!")
    return question


def fact_turn(rng: Random) -> Turn:
    fact = rng.choice(FACTS)
    return Turn(asked(rng.choice(fact.questions), rng), fact.answer)


def talk_turn(rng: Random) -> Turn:
    exchange = rng.choice(SMALL_TALK)
    return Turn(asked(rng.choice(exchange.questions), rng), exchange.answer)


def explanation_turn(rng: Random) -> Turn:
    exchange = rng.choice(EXPLANATIONS)
    return Turn(asked(rng.choice(exchange.questions), rng), exchange.answer)


OPERATIONS = (("plus", "+"), ("minus", "-"), ("times", "*"))
SUM_QUESTIONS = (
    "What is {a} {word} {b}?", "What is {a} {sign} {b}?", "{a} {sign} {b} = ?", "How much is {a} {word} {b}?",
    "{a}{sign}{b}?", "{a} {sign} {b}", "Calculate {a} {sign} {b}.", "What does {a} {word} {b} make?",
)  # fmt: skip


def sum_turn(rng: Random) -> Turn:
    word, sign = rng.choice(OPERATIONS)
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    a, b = (max(a, b), min(a, b)) if word == "minus" else (a, b)
    result = {"plus": a + b, "minus": a - b, "times": a * b}[word]
    question = rng.choice(SUM_QUESTIONS).format(a=a, b=b, word=word, sign=sign)
    return Turn(asked(question, rng), f"{a} {word} {b} is {result}.")


SMALL_TO_BIG = (
    "an ant", "a bee", "a mouse", "a frog", "a cat", "a dog", "a sheep", "a pig", "a lion", "a cow", "a horse",
    "an elephant", "a whale", "a house", "a castle", "a mountain", "the moon", "the earth", "the sun",
)  # fmt: skip


def comparison_turn(rng: Random) -> Turn:
    small, big = sorted(rng.sample(range(len(SMALL_TO_BIG)), 2))
    first, second = rng.sample((SMALL_TO_BIG[small], SMALL_TO_BIG[big]), 2)
    word, winner, loser = rng.choice((("bigger", big, small), ("smaller", small, big)))
    question = rng.choice((f"Which is {word}, {first} or {second}?", f"What is {word}, {first} or {second}?"))
    return Turn(
        asked(question, rng), f"{capitalised(SMALL_TO_BIG[winner])} is {word} than {SMALL_TO_BIG[loser]}."
    )


YES_NO_TOPICS = tuple(t for t in TOPICS if t.name in ("colours", "animals", "kinds", "capitals"))
YES_NO_FACTS = {topic.name: topic.facts() for topic in YES_NO_TOPICS}


def yes_no_turn(rng: Random) -> Turn:
    """Asks whether a table entry holds: "Is snow white?", "Is Paris the capital of Japan?"."""
    facts = YES_NO_FACTS[rng.choice(YES_NO_TOPICS).name]
    true = rng.choice(facts)
    claimed = true if rng.random() < 0.5 else rng.choice(facts)
    right = claimed.key == true.key
    subject, claim = _yes_no_words(true, claimed)
    return Turn(
        asked(f"Is {subject} {claim}?", rng), f"Yes, {_inner(true)}" if right else f"No, {_inner(true)}"
    )


def _yes_no_words(true: Fact, claimed: Fact) -> tuple[str, str]:
    if true.topic == "capitals":
        return claimed.key, f"the capital of {true.subject}"
    return true.subject, claimed.answer.partition(" is ")[2].rstrip(".")


def _inner(fact: Fact) -> str:
    return (
        fact.answer if fact.subject[0].isupper() and fact.topic != "capitals" else _uncapitalised(fact.answer)
    )


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


LISTS = {
    "animals": "a cow, a dog, a cat, a horse and a sheep", "fruits": "an apple, a pear, a banana, a plum and a cherry",
    "colours": "red, blue, green, yellow and black", "vegetables": "a carrot, a potato, an onion, a cabbage and a pea",
    "flowers": "a rose, a tulip, a daisy, a lily and a poppy", "trees": "an oak, a pine, a birch, an elm and a beech",
    "countries": "France, Japan, Italy, Kenya and Peru", "cities": "Paris, Tokyo, Rome, Cairo and Lima",
    "birds": "an eagle, a duck, a penguin, an owl and a parrot", "tools": "a hammer, a saw, a drill, a spade and a brush",
    "planets": "Mars, Venus, Jupiter, Saturn and Mercury", "drinks": "water, milk, tea, coffee and juice",
    "instruments": "a violin, a piano, a drum, a flute and a trumpet", "metals": "iron, silver, copper, gold and tin",
    "sports": "football, tennis, hockey, golf and rugby", "jobs": "a baker, a teacher, a doctor, a farmer and a pilot",
    "languages": "French, Japanese, Spanish, Arabic and Dutch", "seasons": "spring, summer, autumn and winter",
    "insects": "an ant, a bee, a fly, a beetle and a moth", "shapes": "a circle, a square, a triangle, a cube and a star",
    "primary colours": "red, yellow and blue", "numbers": "one, two, three, four and five",
    "days of the week": "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday",
}  # fmt: skip
NUMBER_WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}


def list_turn(rng: Random) -> Turn:
    name, listed = rng.choice(tuple(LISTS.items()))
    if rng.random() < 0.4:
        question = rng.choice(
            (
                f"List some {name}.",
                f"Name some {name}.",
                f"Give me a list of {name}.",
                f"Which {name} do you know?",
            )
        )
        return Turn(asked(question, rng), f"Some {name} are {listed}.")
    items = listed.replace(" and ", ", ").split(", ")
    count = rng.randint(2, min(5, len(items)))
    question = rng.choice(
        ("List {n} {name}.", "Name {n} {name}.", "Tell me {n} {name}.", "Give me {n} {name}.")
    )
    number = NUMBER_WORDS[count]
    answer = f"{capitalised(number)} {name} are {', '.join(items[: count - 1])} and {items[count - 1]}."
    return Turn(asked(question.format(n=rng.choice((number, str(count))), name=name), rng), answer)


UNKNOWN_ANSWER = "I am sorry, I do not know that."
UNKNOWN_QUESTIONS = (
    "What is the capital of {Name}?", "What is {Name}?", "Who is {Name}?", "Where is {Name}?", "Who wrote {Name}?",
    "What is the opposite of {name}?", "What does a {name} say?", "What colour is a {name}?", "What is a {name}?",
    "How many people live in {Name}?", "When did {Name} live?", "What does a {name} eat?", "Explain {name}.",
    "How old is {Name}?", "What is a baby {name} called?", "Tell me about {Name}.", "Why is {name} so {name2}?",
    "How do I {name} a {name2}?", "Who won {Name} in {year}?", "What happened in {year}?", "What is {big} plus {year}?",
    "What is {year} times {big}?", "{year} + {big}", "Which language is spoken in {Name}?", "How tall is {Name}?",
)  # fmt: skip
OUT_OF_REACH = (
    "How do I fix my car?", "Who is the president of France?", "Write a program.", "Write some code.", "What is the news?",
    "What is 12 times 13?", "Is fire hot?", "What will happen tomorrow?", "How far is the moon?", "How high is Everest?",
    "Who won the game?", "Where is my phone?", "What did I eat today?", "How much does a car cost?", "When is Easter?",
    "What is my age?", "Who is my teacher?", "Who is the king of Spain?", "How many people live in Paris?",
    "How many stars are there?", "What is the best film?", "Who sings this song?", "Where did I put my keys?",
    "What is the square root of 50?", "Explain quantum physics.", "Translate this text.", "Summarise this text.",
    "How do I cook rice?", "How do I get rich?", "What is philosophy?", "What is a virus?", "Who is Napoleon?",
    "Tell me about Rome.", "What is democracy?", "What is the speed of light?", "How old is the earth?",
)  # fmt: skip
UNKNOWN_NAMES = (
    "Mongolia Bolivia Uruguay Paraguay Zambia Angola Malta Syria Panama Haiti Tunisia Algeria Sudan Mali Niger Chad "
    "Uganda Rwanda Oman Qatar Bahrain Laos Cambodia Malaysia Singapore Bangladesh Pakistan Georgia Armenia Latvia "
    "Estonia Lithuania Slovakia Slovenia Albania Cyprus Honduras Guatemala Texas Bavaria Napoleon Caesar Plato Gandhi "
    "Cleopatra Mandela Lincoln Kafka Tesla Google iguana walrus otter moose zebra hamster lobster jellyfish mango papaya"
)
SYLLABLES = (
    "ba be bi bo bu da de di do du fa fe fi ga go gu ha he ka ke ki ko la le li lo lu ma me mi mo mu na ne ni no pa pe "
    "pi po ra re ri ro ru sa se si so ta te ti to tu va ve vi wa xa za zo stra dra gro ble pli chi tho qua ngo tan mon "
    "ber lan der son ton ria land burg stan"
)


def unknown_turn(rng: Random) -> Turn:
    """A question about something made up, or out of reach, and the honest answer."""
    name, name2 = _unknown_name(rng), _made_up_word(rng)
    year, big = rng.randint(1000, 2100), rng.randint(100, 9999)
    question = rng.choice(UNKNOWN_QUESTIONS) if rng.random() < 0.8 else rng.choice(OUT_OF_REACH)
    question = question.format(name=name, Name=name.capitalize(), name2=name2, year=year, big=big)
    return Turn(asked(question, rng), UNKNOWN_ANSWER)


def _unknown_name(rng: Random) -> str:
    return rng.choice(UNKNOWN_NAMES.split()) if rng.random() < 0.3 else _made_up_word(rng)


def _made_up_word(rng: Random) -> str:
    syllables = SYLLABLES.split()
    return "".join(rng.choice(syllables) for _ in range(rng.randint(2, 4)))
