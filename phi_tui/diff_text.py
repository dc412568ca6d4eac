"""The text diff of two answers in one text: what only one of them says stands in brackets of its own and in colour."""

from functools import lru_cache

from textual.content import Content

from phi_core.evaluation.text_diff import word_diff
from phi_core.plain_text import plain

LEGEND = "[-only the base-] {+only the adapter+}"
SAME = "Both answers are the same, word for word."
STYLES = {"same": "", "base": "$text-error", "adapter": "$text-success"}
BRACKETS = {"same": ("", ""), "base": ("[-", "-]"), "adapter": ("{+", "+}")}


@lru_cache(maxsize=8)
def diff_content(base: str, adapter: str) -> Content:
    """Harmless; the brackets are those of wdiff, so that it can be read without colours."""
    if base == adapter:
        return Content.assemble((f"{SAME}\n\n", "$text-muted"), plain(base))
    parts = []
    for piece in word_diff(base, adapter):
        opening, closing = BRACKETS[piece.kind]
        parts.append(Content.styled(f"{opening}{plain(piece.text)}{closing}", STYLES[piece.kind]))
    return Content("").join(parts)
