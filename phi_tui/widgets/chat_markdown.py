"""Whether a finished answer is shown as Markdown or as it is.

Markdown only where it has structure that a reader would miss, and only if nothing would be lost by it: HTML and link
definitions vanish in a rendering, so text that has them stays as it is. The text has passed the plain-text gate.
"""

from markdown_it import MarkdownIt

STRUCTURE = frozenset(
    {"fence", "table_open", "heading_open", "bullet_list_open", "ordered_list_open", "strong_open"}
)
LOSSES = frozenset({"html_block", "html_inline", "image"})
LONGEST = 20_000
"""Characters; a longer text takes seconds to lay out as Markdown."""


def reads_as_markdown(text: str) -> bool:
    if len(text) > LONGEST:
        return False
    environment: dict[str, object] = {}
    kinds = {
        token.type
        for block in MarkdownIt("gfm-like").parse(text, environment)
        for token in (block, *(block.children or ()))
    }
    return bool(kinds & STRUCTURE) and not kinds & LOSSES and not environment.get("references")
