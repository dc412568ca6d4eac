"""What a form may be started from, as rows of one list: the defaults, files, phi's presets, one's own. Each says what it
would change.

The reading functions run in threads. Knows no widget.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from phi_core.planning.presets import Preset
from phi_tui.draft import Draft
from phi_tui.preset_list import HEADER, PresetEntry, detail, read_presets
from phi_tui.recent_configs import ConfigFile, config_files

MOST_NAMED = 8


@dataclass(frozen=True)
class Place:
    """With neither path nor preset it is the defaults, or a heading that cannot be chosen."""

    row: str
    detail: str = ""
    path: Path | None = None
    preset: Preset | None = None
    is_own: bool = False
    can_be_chosen: bool = True


@dataclass(frozen=True)
class StartList:
    """`about` says what the presets' figures are for."""

    places: tuple[Place, ...]
    about: str


def read_places(draft: Draft, from_preset: Mapping[str, str]) -> StartList:
    """Everything there is to start this form from."""
    presets = read_presets(draft.text("model_name"), draft.text("model_revision") or None)
    own = [entry for entry in presets.entries if entry.is_own]
    built_in = [entry for entry in presets.entries if not entry.is_own]

    def rows() -> Iterator[Place]:
        yield Place("The defaults", f"Every option at its default. {_lost(draft, Draft())}")
        yield from _files(draft)
        for title, entries in (("Yours", own), ("Presets", built_in)):
            if entries:
                yield Place(f"{title:<22}{HEADER[20:]}", can_be_chosen=False)
                yield from (_preset(entry, draft, from_preset) for entry in entries)

    return StartList(tuple(rows()), presets.about)


def _files(draft: Draft) -> Iterator[Place]:
    files = config_files()
    if files:
        yield Place("Files", can_be_chosen=False)
    for file in files:
        yield Place(f"  {file.row}", f"{_named(file)} {_lost(draft, file.draft)}", path=file.path)


def _named(file: ConfigFile) -> str:
    texts = file.draft.texts
    named = [f"{name} {text or 'none'}" for name, text in texts.items()][:MOST_NAMED]
    more = f" and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return f"{file.path} sets {', '.join(named)}{more}." if named else f"{file.path} sets only defaults."


def _lost(draft: Draft, then: Draft) -> str:
    """How many of the form's values would be others."""
    count = sum(draft.text(name) != then.text(name) for name in {*draft.texts, *then.texts})
    return (
        f"It changes {count} option{'s' if count != 1 else ''} of the form." if count else "The form has it."
    )


def _preset(entry: PresetEntry, draft: Draft, from_preset: Mapping[str, str]) -> Place:
    words = detail(entry, draft, from_preset)
    return Place(f"  {entry.row}", words, preset=entry.preset, is_own=entry.is_own)
