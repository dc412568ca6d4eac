"""Display: how the app is to look and what it asks of the terminal, as one value from the command line to the app."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Display:
    """`theme` "": the one that was chosen last. `is_slow`: send less, for lines that carry little."""

    theme: str = ""
    is_ascii: bool = False
    has_mouse: bool = True
    is_slow: bool = False
