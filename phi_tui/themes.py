"""The themes that phi offers, and which of them the app begins with.

A few that were looked at with every screen, of Textual's many. Knows names only, so that the command line can refuse
an unknown one before the app is loaded.
"""

from difflib import get_close_matches

THEMES = (
    *("textual-dark", "textual-light", "nord", "gruvbox", "tokyo-night", "dracula", "catppuccin-latte"),
    *("ansi-dark", "ansi-light"),
)
"""The ANSI ones use the terminal's own sixteen colours."""
DEFAULT, OF_THE_TERMINAL = "textual-dark", "ansi-dark"


def first_theme(asked: str, remembered: str, *, has_few_colours: bool) -> str:
    """What the command line asks for, else what was chosen last. With 16 colours or none approximated ones can be
    unreadable, so the terminal's own are taken unless others are asked for."""
    if asked in THEMES:
        return asked
    if has_few_colours:
        return remembered if remembered.startswith("ansi-") and remembered in THEMES else OF_THE_TERMINAL
    return remembered if remembered in THEMES else DEFAULT


def theme_trouble(name: str) -> str:
    """Why there is no such theme, "" if there is."""
    if name in ("", *THEMES):
        return ""
    close = get_close_matches(name, THEMES, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"there is no theme {name!r}{meant}; themes are {', '.join(THEMES)}"
