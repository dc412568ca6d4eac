"""Word differences and the colours of tokens: pure functions of two answers."""

import math
import random

import pytest

from phi_core.chat.engine import TokenChange
from phi_core.evaluation.text_diff import MAX_WORDS, Piece, word_diff
from phi_core.evaluation.token_colours import (
    KL_LEGEND,
    KL_STEPS,
    SHIFT_LEGEND,
    changes_sentence,
    kl_level,
    shift_level,
)


def joined(pieces: tuple[Piece, ...], without: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != without)


def test_changed_words_stand_together() -> None:
    found = word_diff("The capital is Paris.", "The capital is Lyon city.")
    assert found == (
        Piece("same", "The capital is"),
        Piece("base", " Paris"),
        Piece("adapter", " Lyon city"),
        Piece("same", "."),
    )


def test_a_phrase_is_not_cut_at_its_blanks() -> None:
    assert word_diff("a b\nc", "x y\nc") == (
        Piece("base", "a b"),
        Piece("adapter", "x y"),
        Piece("same", "\nc"),
    )


def test_blanks_alone_do_not_make_another_word() -> None:
    assert word_diff("Paris", "It is  Paris") == (Piece("adapter", "It is  "), Piece("same", "Paris"))
    assert word_diff("a\nb ", "a b") == (
        Piece("same", "a"),
        Piece("base", "\n"),
        Piece("adapter", " "),
        Piece("same", "b"),
        Piece("base", " "),
    )


def test_equal_texts_are_one_piece_and_empty_ones_none() -> None:
    assert word_diff("a b", "a b") == (Piece("same", "a b"),)
    assert word_diff("", "") == ()
    assert word_diff("", "new") == (Piece("adapter", "new"),)


def test_the_pieces_join_to_both_texts() -> None:
    draws = random.Random(5)
    for _ in range(200):
        base, adapter = (
            "".join(draws.choices(["a", "b", " ", "\n", ".", "\x1b[2J", "é"], k=12)) for _ in range(2)
        )
        found = word_diff(base, adapter)
        assert (joined(found, "adapter"), joined(found, "base")) == (base, adapter)


def test_long_texts_are_compared_only_at_their_beginning() -> None:
    base = "start " + "a " * MAX_WORDS
    adapter = "start " + "b " * MAX_WORDS
    assert [piece.kind for piece in word_diff(base, adapter)] == ["same", "base", "adapter"]
    assert word_diff(base, base) == (Piece("same", base),)


@pytest.mark.parametrize(
    ("moved", "level"),
    [(-5, -2), (-2, -2), (-1.9, -1), (-0.5, -1), (-0.4, 0), (0, 0), (0.5, 1), (2, 2), (math.inf, 2)],
)
def test_the_shift_has_five_levels(moved: float, level: int) -> None:
    assert shift_level(TokenChange("x", 0.0, moved, 0.0)) == level


def test_kl_has_five_levels() -> None:
    found = [kl_level(TokenChange("x", 0, 0, kl)) for kl in (0.0, *KL_STEPS, math.inf)]
    assert found == [0, 1, 2, 3, 4, 4]


def test_what_cannot_be_measured_is_not_coloured() -> None:
    impossible = TokenChange("x", -math.inf, -math.inf, math.nan)
    assert (shift_level(impossible), kl_level(impossible)) == (0, 0)
    assert "mean KL 0.000" in changes_sentence([impossible])


def test_every_level_has_words() -> None:
    assert list(SHIFT_LEGEND) == [-2, -1, 0, 1, 2] and list(KL_LEGEND) == [0, 1, 2, 3, 4]


def test_the_sentence_counts_what_moved() -> None:
    changes = [TokenChange("a", -1, -1.1, 0.1), TokenChange("b", -1, -3, 0.3)]
    assert changes_sentence(changes) == "1 of 2 tokens moved by 0.5 nats or more; mean KL 0.200 nats a token"
