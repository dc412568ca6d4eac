"""Start from: the defaults, a YAML file, phi's presets or one's own; all in one list, and a line for a file's path.

Dismisses with what to start from, or None. Keeping the form as a preset and deleting one is the screen's own work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from phi_core.errors import PhiError
from phi_core.planning.presets import Preset, delete_preset, preset_file, save_preset
from phi_tui.draft import Draft
from phi_tui.messages import Done, Failed
from phi_tui.screens.ask import Ask
from phi_tui.screens.confirm import Confirm
from phi_tui.services import start
from phi_tui.start_list import Place, StartList, read_places
from phi_tui.widgets.field import PathSuggester
from phi_tui.widgets.plain import PlainStatic, content, key_line

KEYS = (("enter", "Use"), ("o", "Over my values"), ("tab", "Path"), ("s", "Save form"), ("d", "Delete"))


@dataclass(frozen=True)
class FromDefaults:
    """The form as it is on the first day."""


@dataclass(frozen=True)
class FromFile:
    path: Path


@dataclass(frozen=True)
class FromPreset:
    """`over_all`: the preset wins over the form's own values too."""

    preset: Preset
    over_all: bool


Beginning = FromDefaults | FromFile | FromPreset


class StartFrom(ModalScreen[Beginning | None]):
    """`from_preset` is what an earlier preset put into the draft."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("tab", "turn_focus", "The other part", show=False),
        Binding("o", "take_over_all", "Over all", show=False),
        Binding("s", "save", "Save", show=False),
        Binding("d", "delete", "Delete", show=False),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, draft: Draft, from_preset: Mapping[str, str]) -> None:
        super().__init__()
        self._draft, self._from_preset = draft, from_preset
        self._list = StartList((), "")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = content("Start from")
            yield PlainStatic(id="start-about", classes="list-header")
            yield self._line()
            yield OptionList(id="start-list", markup=False)
            yield PlainStatic("looking for files and presets …", id="start-detail", classes="list-detail")
            yield PlainStatic(id="start-note", classes="list-note")
            yield Static(key_line(*KEYS, ("esc", "Back")), classes="dialog-keys")

    def _line(self) -> Input:
        hint = "or type the path of a YAML file here; tab completes it"
        line = Input("", hint, suggester=PathSuggester(), id="start-path", compact=True)
        line.cursor_blink = False
        return line

    def on_mount(self) -> None:
        self._read()

    def _read(self) -> None:
        draft, from_preset = self._draft, self._from_preset
        start(self, "places", lambda: read_places(draft, from_preset))

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task, event.result:
            case "places", StartList() as found:
                self._show(found)
            case "save", Preset() as preset:
                left_out = f"; left out: {', '.join(preset.left_out)}" if preset.left_out else ""
                self._changed(f"Saved {preset.name}{left_out}")
            case "delete", _:
                self._changed("Deleted")

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self._say(event.text, "$text-error")

    def _show(self, found: StartList) -> None:
        self._list = found
        self.query_one("#start-about", PlainStatic).show(found.about)
        places = self.query_one(OptionList)
        at = places.highlighted
        places.clear_options()
        places.add_options(
            Option(
                content(place.row, "" if place.can_be_chosen else "bold"), disabled=not place.can_be_chosen
            )
            for place in found.places
        )
        if at is None:
            places.action_first()
        else:
            places.highlighted = min(at, len(found.places) - 1)

    @on(OptionList.OptionHighlighted)
    def _explain(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#start-detail", PlainStatic).show(self._list.places[event.option_index].detail)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self._finish(self._list.places[event.option_index], over_all=False)

    @on(Input.Submitted)
    def _take_path(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(FromFile(Path(event.value.strip())))

    def action_take_over_all(self) -> None:
        if place := self._highlighted:
            self._finish(place, over_all=True)

    def _finish(self, place: Place, *, over_all: bool) -> None:
        if place.preset is not None:
            self.dismiss(FromPreset(place.preset, over_all))
        else:
            self.dismiss(FromFile(place.path) if place.path else FromDefaults())

    @property
    def _highlighted(self) -> Place | None:
        at = self.query_one(OptionList).highlighted
        return self._list.places[at] if at is not None and at < len(self._list.places) else None

    def action_turn_focus(self) -> None:
        """In the line tab completes what can be completed; else it goes to the other part."""
        line, places = self.query_one(Input), self.query_one(OptionList)
        if not line.has_focus:
            line.focus()
        elif line._suggestion and line.cursor_at_end:
            line.action_cursor_right()
        else:
            places.focus()

    def action_save(self) -> None:
        if not self._draft.texts:
            return self._say("Nothing in the form differs from the defaults.", "$text-warning")
        ask = Ask("Keep the form's values as a preset. Its name:")
        self.app.push_screen(ask, lambda name: self._save(name) if name else None)

    def _save(self, name: str) -> None:
        try:
            exists = preset_file(name).exists()
        except PhiError as error:
            return self._say(str(error), "$text-error")
        if not exists:
            return self._write(name)
        question = Confirm(f"Preset {name} exists. Replace it?", "Replace")
        self.app.push_screen(question, lambda is_sure: self._write(name) if is_sure else None)

    def _write(self, name: str) -> None:
        start(self, "save", lambda: save_preset(name, self._draft.texts, overwrite=True))

    def action_delete(self) -> None:
        preset = place.preset if (place := self._highlighted) else None
        if preset is None:
            return self._say("Only a preset of yours can be deleted.", "$text-warning")
        if not place or not place.is_own:
            return self._say(f"{preset.name} is built in; only your own can be deleted.", "$text-warning")
        question = Confirm(f"Delete your preset {preset.name}?", "Delete")
        self.app.push_screen(question, lambda is_sure: self._delete(preset.name) if is_sure else None)

    def _delete(self, name: str) -> None:
        start(self, "delete", lambda: delete_preset(name))

    def _changed(self, text: str) -> None:
        self._say(text, "$text-success")
        self._read()

    def _say(self, text: str, style: str) -> None:
        self.query_one("#start-note", PlainStatic).show(text, style)

    def action_leave(self) -> None:
        self.dismiss(None)
