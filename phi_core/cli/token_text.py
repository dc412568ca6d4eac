"""Token views as text: in colour, or with what becomes of each token written in the margin.

Text from data passes the plain-text gate before anything of ours is added.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from phi_core.plain_text import plain
from phi_core.samples.token_view import Fate, Piece, TokenView

COLOURS: dict[Fate, str] = {"masked": "2", "trained": "32", "stop": "7;32", "cut": "9;31", "padded": "2;3"}
"""Terminal attributes: dim, green, green reversed, red struck through, dim italic."""
MEANINGS: dict[Fate, str] = {
    "masked": "read, not trained",
    "trained": "the loss counts it",
    "stop": "trained, ends an answer",
    "cut": "beyond max_length",
    "padded": "fills the batch up",
}
_RESET = "\x1b[0m"


def legend(*, colour: bool, padded: bool = False) -> str:
    """What the colours, or the words in the margin, mean."""
    shown = {fate: meaning for fate, meaning in MEANINGS.items() if padded or fate != "padded"}
    names = ((_coloured(fate, fate) if colour else fate, meaning) for fate, meaning in shown.items())
    return " · ".join(f"{name}: {meaning}" for name, meaning in names)


def in_colour(view: TokenView) -> str:
    """The text as it stands, in the colours of what becomes of it."""
    runs = groupby(view.pieces, key=lambda piece: piece.fate)
    return "".join(_coloured(_visible(run), fate) for fate, run in runs)


def in_margin(view: TokenView) -> Iterator[str]:
    """The text line by line, with what becomes of it before each line."""
    for fate, run in groupby(view.pieces, key=lambda piece: piece.fate):
        for line in plain("".join(piece.text for piece in run)).split("\n"):
            yield f"{fate:>8} │ {line}".rstrip()


def token_table(view: TokenView) -> Iterator[str]:
    """One line a token, or a character of several: place, ids, text, fate."""
    place = 0
    for piece in view.pieces:
        ids = " ".join(map(str, piece.ids))
        yield f"{place:>6}  {ids:>14}  {piece.fate:<8} {plain(repr(piece.text))}"
        place += piece.num_tokens


def _visible(run: Iterable[Piece]) -> str:
    """A stop token that is a line end would not be seen."""
    return plain("".join(piece.text for piece in run)).replace("\n", "↵\n")


def _coloured(text: str, fate: Fate) -> str:
    """Each line by itself, so that a pager or a split screen loses no colour."""
    return "\n".join(f"\x1b[{COLOURS[fate]}m{line}{_RESET}" if line else "" for line in text.split("\n"))
