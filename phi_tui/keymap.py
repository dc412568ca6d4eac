"""Keymap: a person's own keys. `keys` in app.yaml of the configuration folder, one line an action:

    keys:
      train.launch: f5
      app.palette: ctrl+k, :

What is wrong in it is named and left out, and the rest holds. Two actions that can be pressed at the same place never
share a key. Reads one file; knows the tables of keys, and no widget.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from textual.keys import _character_to_key, key_to_character

from phi_core.errors import ConfigError
from phi_core.planning.places import config_directory
from phi_tui import keys
from phi_tui.dialog_keys import VOTES
from phi_tui.keys import Key, shown_key

TABLES: Mapping[str, tuple[Key, ...]] = {
    **{"app": keys.APP, "train": keys.TRAIN, "runs": keys.RUNS, "chat": keys.CHAT},
    **{"compare": keys.COMPARE, "data": keys.DATA, "votes": VOTES},
}
UNSENDABLE = re.compile(
    r"ctrl\+([him]|left_square_bracket|enter|\d)|(shift|alt)\+enter|alt\+\d"
)  # in a plain terminal or tmux they arrive as another key, or not at all
TYPED = frozenset("ctrl+" + letter for letter in "acdekuvwxyz")  # text fields use them themselves
NAMED = frozenset(
    {
        *("enter", "escape", "space", "tab", "backspace", "insert", "delete", "home", "end"),
        *("pageup", "pagedown", "up", "down", "left", "right"),
    }
)
_MODIFIED = re.compile(r"(?:(?:ctrl|alt|shift)\+)*(\w+|\S)")


@dataclass(frozen=True)
class Keymap:
    """`texts`: binding id → keys, as Textual's `set_keymap` takes them. `problems` are for the person to read."""

    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def keys(self, view: str, table: Iterable[Key]) -> tuple[Key, ...]:
        """A table with these keys in it."""
        return tuple(replace(key, keys=self.texts.get(f"{view}.{key.id}", key.keys)) for key in table)


def keymap_file() -> Path:
    return config_directory() / "app.yaml"


def read_keymap() -> Keymap:
    """Of the person's file; empty if there is none."""
    path = keymap_file()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Keymap()
    except (OSError, UnicodeDecodeError) as error:
        return Keymap(problems=(f"{path} cannot be read: {error}",))
    from phi_core.config.yaml_file import (
        parse_values,
    )  # with all declarations: only who has such a file waits for them

    try:
        return keymap_of(parse_values(text, source=str(path)), source=str(path))
    except ConfigError as error:
        return Keymap(problems=(str(error),))


def keymap_of(values: Mapping[str, Any], *, source: str) -> Keymap:
    """Judge what a file holds."""
    given = values.get("keys", {})
    problems = [f"{source}: {name} is no name here; there is `keys`" for name in values if name != "keys"]
    if not isinstance(given, dict):
        problems.append(f"{source}: keys must hold lines of `view.action: key`")
        return Keymap(problems=tuple(problems))
    texts: dict[str, str] = {}
    for name, wish in given.items():
        if trouble := _trouble(str(name), wish):
            problems.append(f"{source}: {name}: {trouble}")
        else:
            texts[str(name)] = ",".join(_words(wish))
    return _without_clashes(texts, problems, source)


def _trouble(name: str, wish: Any) -> str:
    known = _ids()
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        return "there is no such action" + (f"; did you mean {close[0]}?" if close else "")
    words = _words(wish)
    if not words:
        return "no key is named"
    return next(filter(None, map(_key_trouble, words)), "")


def _key_trouble(word: str) -> str:
    if not _is_key(word):
        return f"{word!r} is no key; keys are like ctrl+r, f7, a, A, /, escape"
    if UNSENDABLE.fullmatch(word):
        return f"a terminal cannot send {word}"
    return f"{word} belongs to text fields" if word in TYPED else ""


def _is_key(word: str) -> bool:
    found = _MODIFIED.fullmatch(word)
    last = found[1] if found else ""
    is_f_key = re.fullmatch(r"f([1-9]|1[0-2])", last) is not None
    return len(last) == 1 or is_f_key or last in NAMED or key_to_character(last) is not None


def _words(wish: Any) -> list[str]:
    """The keys as Textual names them. YAML reads a bare 1 as a number; a comma is a key if it stands alone."""
    text = str(wish).strip() if isinstance(wish, str | int) and not isinstance(wish, bool) else ""
    words = ["comma"] if text == "," else [word.strip() for word in text.split(",")]
    return [_named(word) for word in words if word]


def _named(word: str) -> str:
    if word == "esc":
        return "escape"
    return _character_to_key(word) if len(word) == 1 else word


def _ids() -> dict[str, Key]:
    return {f"{view}.{key.id}": key for view, table in TABLES.items() for key in table}


def _without_clashes(texts: dict[str, str], problems: list[str], source: str) -> Keymap:
    """Leave out, one after the other, wishes for a key that another action has at the same place."""
    while clash := _clash(texts):
        name, word, other = clash
        problems.append(f"{source}: {name}: {shown_key(word)} is the key of {other} already")
        del texts[name]
    return Keymap(dict(texts), tuple(problems))


def _clash(texts: Mapping[str, str]) -> tuple[str, str, str] | None:
    """A wish, its key, and the action that has it too."""
    for name, keys_of_wish in texts.items():
        for word in keys_of_wish.split(","):
            for other, key in _ids().items():
                if other != name and _meet(name, other) and word in texts.get(other, key.keys).split(","):
                    return name, word, other
    return None


def _meet(one: str, other: str) -> bool:
    """Whether both can be pressed at one place: in one view, or one of them everywhere but in the votes."""
    views = {one.partition(".")[0], other.partition(".")[0]}
    return len(views) == 1 or ("app" in views and "votes" not in views)


def key_lines(keymap: Keymap) -> str:
    """Every action's id, its keys now, and what it does: what the file may name."""
    return "\n".join(
        f"{view}.{key.id:<22} {', '.join(map(shown_key, key.keys.split(',')))}: {key.explanation}"
        for view, table in TABLES.items()
        for key in keymap.keys(view, table)
    )
