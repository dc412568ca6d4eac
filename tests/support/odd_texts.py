"""Text that has broken other terminal apps: markup that is none, and sequences that a terminal obeys."""

MARKUP_STRINGS = (
    "[/foo]",
    "[/]",
    "[foo='bar]",
    "[INST] hi [/INST]",
    "a[0][1]",
    "[@click=app.quit]x[/]",
    "[bold",
    "[bold]b[/bold]",
    "[red]r[/]",
    "data/eval[1].jsonl",
    "x = [[1, 2], [3]]",
    "\\[escaped]",
    "[link=https://example.com]l[/link]",
)
TERMINAL_SEQUENCES = (
    "\x1b[2Jwiped",
    "\x1b]52;c;c2VjcmV0\x1b\\clipboard",
    "\x1b]0;title\x07bell",
    "\x9b31mred",
    "over\rwritten",
    "\x1b[6n\x1b[cask",
    "\x1bP+q544e\x1b\\device",
    "\u202egnp.exe",
)
"""Clear the screen, set the clipboard, set the title, C1, a rewritten line, a question that the terminal answers as if
typed, a device control string, a reordered line."""
FORBIDDEN = frozenset("\x1b\x07\x9b\r\u202e")
