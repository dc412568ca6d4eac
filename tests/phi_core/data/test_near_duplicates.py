"""Near duplicates are found, and nothing else is."""

from random import Random

import pytest

from phi_core.data.near_duplicates import FEWEST_RUNS, NearDuplicateSearch, likeness, runs, sketch, words

VOCABULARY = [f"word{number}" for number in range(5000)]


def _text(random: Random, num_words: int) -> list[str]:
    return [random.choice(VOCABULARY) for _ in range(num_words)]


def _edited(random: Random, text: list[str]) -> list[str]:
    """A word replaced, left out or put in."""
    edited, place = list(text), random.randrange(len(text))
    how = random.randrange(3)
    edited[place : place + (how != 0)] = [random.choice(VOCABULARY)] if how != 1 else []
    return edited


def _similarity(one: str, other: str) -> float:
    first, second = runs(words(one)), runs(words(other))
    return len(first & second) / len(first | second)


def _pairs(*texts: str) -> list[tuple[int, int]]:
    search = NearDuplicateSearch()
    for text in texts:
        search.add(text)
    return list(search.pairs())


@pytest.mark.parametrize("num_words", [65, 200, 2000])
def test_19_of_20_planted_texts_of_similarity_above_nine_tenths_are_found(num_words: int) -> None:
    random = Random(num_words)
    pairs, search = [], NearDuplicateSearch()
    for _ in range(150):
        text = _text(random, num_words)
        near = text
        for _ in range(random.randint(1, max(1, num_words // 80))):
            near = _edited(random, near)
        pairs.append((" ".join(text), " ".join(near)))
        search.add(pairs[-1][0])
        search.add(pairs[-1][1])
    planted = {(2 * place, 2 * place + 1) for place, pair in enumerate(pairs) if _similarity(*pair) >= 0.9}
    found = set(search.pairs())
    assert len(planted) >= 40
    assert len(found & planted) >= 0.95 * len(planted)
    assert all(later == earlier + 1 for earlier, later in found)


def test_the_likeness_of_two_sketches_is_near_the_similarity_of_their_texts() -> None:
    random = Random(1)
    for num_words in (60, 300, 1500):
        for share in (0.02, 0.1, 0.3):
            text = _text(random, num_words)
            other = [random.choice(VOCABULARY) if random.random() < share else word for word in text]
            one, two = " ".join(text), " ".join(other)
            assert likeness(sketch(one), sketch(two)) == pytest.approx(_similarity(one, two), abs=0.12)


def test_different_texts_are_no_near_duplicates() -> None:
    random = Random(2)
    assert _pairs(*(" ".join(_text(random, random.randint(1, 200))) for _ in range(3000))) == []


def test_texts_that_share_a_long_boilerplate_are_no_near_duplicates() -> None:
    random = Random(3)
    opening = " ".join(_text(random, 60))
    texts = [f"{opening} {' '.join(_text(random, 60))}" for _ in range(1000)]
    assert _pairs(*texts) == []
    assert _pairs(*texts, texts[500] + " indeed") == [(500, 1000)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the capital of France?", "what is  the capital of France"),
        ("Paris.", "PARIS"),
        ("ﬁne", "fine"),
        ("Straße!", "STRASSE"),
        ("东京是首都。", "东京是首都"),
    ],
)
def test_short_texts_are_near_if_their_words_are_equal(one: str, other: str) -> None:
    assert _pairs(one, other) == [(0, 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 12 + 7?", "What is 13 + 7?"),
        ("a + b", "a - b"),
        ("x < y", "x > y"),
        ("I like it 😀", "I like it 😡"),
        ("What is the capital of France?", "What is the capital of Spain?"),
        ("!", "?"),
        ("", "a"),
    ],
)
def test_what_carries_meaning_in_few_words_keeps_them_apart(one: str, other: str) -> None:
    assert _pairs(one, other) == []


def test_of_many_near_texts_each_but_the_first_is_told_once() -> None:
    text = " ".join(VOCABULARY[:100])
    found = _pairs("something else", *(f"{text} {number}" for number in range(50)))
    assert [later for _, later in found] == list(range(2, 51))
    assert all(0 < earlier < later for earlier, later in found)


def test_plain_text_and_text_with_accents_are_taken_apart_alike() -> None:
    odd = 'A_b, well-known; "x" = {y}\t(z)\x1f `c` 3.5 don\'t'
    assert words(odd + " é")[:-1] == words(odd)


def test_a_search_holds_no_more_than_its_limits() -> None:
    search = NearDuplicateSearch(2)
    assert [search.add(text) for text in ("a", "b", "a")] == [True, True, False]
    assert (len(search), search.is_full, list(search.pairs())) == (2, True, [])
    search = NearDuplicateSearch(characters=5)
    assert [search.add(text) for text in ("abc", "def", "g")] == [True, True, False]


def test_others_are_looked_up_among_those_that_are_held() -> None:
    random = Random(4)
    texts = [" ".join(_text(random, 100)) for _ in range(50)]
    search = NearDuplicateSearch()
    for text in (*texts, texts[7]):
        search.add(text)
    assert search.like(sketch(texts[7] + " and so on")) == [7, 50]
    assert search.like(sketch(" ".join(_text(random, 100)))) == []
    assert NearDuplicateSearch().like(sketch("a")) == []


def test_a_sketch_stays_what_it_was() -> None:
    """The same on every machine and in every process."""
    long = sketch(" ".join(VOCABULARY[: FEWEST_RUNS + 2]))
    assert (len(long), long.count(0), sum(long)) == (128, 106, 3071)
    assert sum(sketch("short")) == 14603


def test_half_a_character_is_no_obstacle() -> None:
    assert _pairs("a \ud83d", "a \ud83d.") == [(0, 1)]
