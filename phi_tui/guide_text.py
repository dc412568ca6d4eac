"""The guide's small Markdown as lines of a width: what a screen shows, and where in it a word stands.

Wraps by itself, so that a place found is the number of a row. Pure; knows no widget. `phi_core.guide.chapters` says what
the Markdown may hold.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content

from phi_core.guide.chapters import CHAPTERS, LINK

STYLES = {
    "`": "bold $text-accent",
    "**": "bold",
    "*": "italic",
    "heading": "bold $text-accent",
    "title": "bold underline",
}
MARK = "reverse"
_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\*([^*\s][^*]*)\*")
_ITEM = re.compile(r"(- |\d+\. )(.*)")


@dataclass(frozen=True)
class Block:
    """`lead` stands before the first line, and so much blank before the others. Code is not wrapped anew."""

    text: str
    style: str = ""
    lead: str = ""
    is_code: bool = False


Word = tuple[tuple[str, str], ...]
"""Pieces of text with their styles that stand together."""


def guide_lines(text: str, width: int) -> tuple[Content, ...]:
    """The rows of a chapter; an empty one between blocks, none within a list and under a heading."""
    rows: list[Content] = []
    before: Block | None = None
    for block in blocks(text):
        if before is not None and not _belong_together(before, block):
            rows.append(Content(""))
        rows.extend(_rows(block, max(20, width)))
        before = block
    return tuple(rows)


def found_rows(rows: Sequence[Content], words: str) -> tuple[int, ...]:
    """The numbers of the rows that hold the words, in any case of letters."""
    wanted = words.lower()
    return tuple(number for number, row in enumerate(rows) if wanted and wanted in row.plain.lower())


def marked(rows: Sequence[Content], words: str) -> Content:
    """All rows as one text, with the words marked where they stand."""
    return Content("\n").join(_marked_row(row, words.lower()) if words else row for row in rows)


def count_of(text: str, words: str) -> int:
    """How often words stand in a chapter; line ends are blanks."""
    return " ".join(text.lower().split()).count(" ".join(words.lower().split())) if words.strip() else 0


def blocks(text: str) -> Iterator[Block]:
    """Headings, paragraphs, items and lines of code, in order."""
    held: Block | None = None
    in_code = False
    for line in text.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        elif in_code:
            yield Block(line, is_code=True, lead="  ")
        elif held is not None and line.strip() and not _begins(line):
            held = Block(f"{held.text} {line.strip()}", held.style, held.lead)
            continue
        else:
            if held is not None:
                yield held
            held = _begun(line)
            continue
        if held is not None:
            yield held
            held = None
    if held is not None:
        yield held


def _belong_together(before: Block, block: Block) -> bool:
    if before.style == STYLES["heading"]:
        return True
    return bool(before.lead and block.lead) and before.is_code == block.is_code


def _begins(line: str) -> bool:
    """Whether a line begins a block of its own, whatever stands before it."""
    return line.startswith("#") or bool(_ITEM.match(line))


def _begun(line: str) -> Block | None:
    if not line.strip():
        return None
    if line.startswith("#"):
        level = "title" if line.startswith("# ") else "heading"
        return Block(line.lstrip("# "), STYLES[level])
    item = _ITEM.match(line)
    if item is None:
        return Block(line.strip())
    return Block(item[2], lead="• " if item[1] == "- " else item[1])


def _rows(block: Block, width: int) -> Iterator[Content]:
    if block.is_code:
        yield Content.styled(block.lead + block.text, STYLES["`"])
        return
    indent = " " * len(block.lead)
    row, used = [(block.lead, "")], len(block.lead)
    for word in _words(block):
        length = sum(len(piece) for piece, _ in word)
        if used > len(indent) and used + 1 + length > width:
            yield Content.assemble(*row)
            row, used = [(indent, "")], len(indent)
        if used > len(indent):
            row.append((" ", ""))
            used += 1
        row.extend(word)
        used += length
    yield Content.assemble(*row)


def _words(block: Block) -> Iterator[Word]:
    """The words of a block: pieces between blanks, which may be of several styles."""
    word: list[tuple[str, str]] = []
    for text, style in _styled(block):
        for number, piece in enumerate(text.split(" ")):
            if number and word:
                yield tuple(word)
                word = []
            if piece:
                word.append((piece, style))
    if word:
        yield tuple(word)


def _styled(block: Block) -> Iterator[tuple[str, str]]:
    """The text of a block in pieces with their styles."""
    text, place = LINK.sub(_link_words, block.text), 0
    for match in _INLINE.finditer(text):
        yield text[place : match.start()], block.style
        sign = "`" if match[1] else "**" if match[2] else "*"
        yield match[1] or match[2] or match[3], STYLES[sign]
        place = match.end()
    yield text[place:], block.style


def _link_words(link: re.Match[str]) -> str:
    """A link as its words and the key of its chapter."""
    names = [chapter.name for chapter in CHAPTERS]
    return f"**{link[1]}** ({chapter_key(names.index(link[2]))})" if link[2] in names else link[1]


def chapter_key(number: int) -> str:
    """The digit that opens the chapter at this place: 1 for the first, 0 for the tenth."""
    return str((number + 1) % 10)


def _marked_row(row: Content, wanted: str) -> Content:
    plain, place = row.plain.lower(), -1
    while (place := plain.find(wanted, place + 1)) >= 0:
        row = row.stylize(MARK, place, place + len(wanted))
    return row
