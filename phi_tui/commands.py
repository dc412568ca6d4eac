"""Commands of the palette: a name like `runs: stop exp-1`, what it does, and how names are found by what is typed.

Names may hold text from anywhere; they are shown as content, never as markup. Knows no widget.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """`key` is what does the same without the palette. `preview` shows what it would do while it is highlighted."""

    name: str
    about: str
    run: Callable[[], Awaitable[object] | object]
    key: str = ""
    preview: Callable[[], object] | None = None


def found(commands: Iterable[Command], typed: str) -> list[Command]:
    """Those in whose name every typed word occurs, the best first; all as they are while nothing is typed.

    Where no name has the words, those whose explanation has them.
    """
    words = typed.casefold().split()
    known = list(commands)
    if not words:
        return known
    ranked = [(score, command) for command in known if (score := _score(command.name, words))]
    if not ranked:
        return [command for command in known if _score(command.about, words)]
    return [command for _, command in sorted(ranked, key=lambda pair: -pair[0])]


def _score(text: str, words: list[str]) -> int:
    """0 if a word is missing; more where words begin words, and where the text begins with them."""
    lower = text.casefold()
    if not all(word in lower for word in words):
        return 0
    starts = {part for piece in lower.split() for part in (piece, piece.lstrip("([{/.-_"))}
    begun = sum(any(start.startswith(word) for start in starts) for word in words)
    return 1 + 2 * begun + 2 * lower.startswith(words[0])
