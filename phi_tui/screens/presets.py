"""Presets: the settings with a name, with the batch and the memory that each means for the form's model.

Dismisses with what is to be done with which preset, or None. Saving and deleting are the screen's own work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from phi_core.errors import PhiError
from phi_core.planning.presets import Preset, delete_preset, preset_file, save_preset
from phi_tui.draft import Draft
from phi_tui.messages import Done, Failed
from phi_tui.preset_list import HEADER, PresetEntry, PresetList, detail, read_presets
from phi_tui.screens.ask import Ask
from phi_tui.screens.confirm import Confirm
from phi_tui.services import start
from phi_tui.widgets.plain import PlainStatic, content, key_line


@dataclass(frozen=True)
class PresetChoice:
    """`over_all`: the preset wins over the form's own values too."""

    preset: Preset
    over_all: bool


class Presets(ModalScreen[PresetChoice | None]):
    """`from_preset` is what an earlier preset put into the draft."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("o", "take_over_all", "Over all", show=False),
        Binding("s", "save", "Save", show=False),
        Binding("d", "delete", "Delete", show=False),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, draft: Draft, from_preset: Mapping[str, str]) -> None:
        super().__init__()
        self._draft, self._from_preset = draft, from_preset
        self._entries: tuple[PresetEntry, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield PlainStatic("reading the presets …", id="preset-about")
            yield PlainStatic(HEADER, classes="list-header")
            yield OptionList(id="preset-list", markup=False)
            yield PlainStatic(id="preset-detail", classes="list-detail")
            yield PlainStatic(id="preset-note", classes="list-note")
            keys = (("enter", "Use"), ("o", "Over my values too"), ("s", "Save the form"), ("d", "Delete"))
            yield Static(key_line(*keys, ("esc", "Back")), classes="dialog-keys")

    def on_mount(self) -> None:
        self._read()

    def _read(self) -> None:
        name, revision = self._draft.text("model_name"), self._draft.text("model_revision") or None
        start(self, "presets", lambda: read_presets(name, revision))

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task, event.result:
            case "presets", PresetList() as found:
                self._show(found)
            case "save", Preset() as preset:
                left_out = f"; left out: {', '.join(preset.left_out)}" if preset.left_out else ""
                self._changed(f"Saved {preset.name}{left_out}")
            case "delete", _:
                self._changed("Deleted")

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self._say(event.text, "$text-error")

    def _show(self, found: PresetList) -> None:
        self._entries = found.entries
        self.query_one("#preset-about", PlainStatic).show(found.about)
        presets = self.query_one(OptionList)
        place = presets.highlighted or 0
        presets.clear_options()
        presets.add_options(Option(content(entry.row)) for entry in found.entries)
        presets.highlighted = min(place, len(found.entries) - 1)

    @on(OptionList.OptionHighlighted)
    def _explain(self, event: OptionList.OptionHighlighted) -> None:
        text = detail(self._entries[event.option_index], self._draft, self._from_preset)
        self.query_one("#preset-detail", PlainStatic).show(text)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(PresetChoice(self._entries[event.option_index].preset, over_all=False))

    def action_take_over_all(self) -> None:
        if entry := self._highlighted:
            self.dismiss(PresetChoice(entry.preset, over_all=True))

    @property
    def _highlighted(self) -> PresetEntry | None:
        place = self.query_one(OptionList).highlighted
        return self._entries[place] if place is not None and place < len(self._entries) else None

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
        entry = self._highlighted
        if entry is None:
            return
        if not entry.is_own:
            return self._say(
                f"{entry.preset.name} is built in; only your own can be deleted.", "$text-warning"
            )
        question = Confirm(f"Delete your preset {entry.preset.name}?", "Delete")
        self.app.push_screen(question, lambda is_sure: self._delete(entry) if is_sure else None)

    def _delete(self, entry: PresetEntry) -> None:
        start(self, "delete", lambda: delete_preset(entry.preset.name))

    def _changed(self, text: str) -> None:
        self._say(text, "$text-success")
        self._read()

    def _say(self, text: str, style: str) -> None:
        self.query_one("#preset-note", PlainStatic).show(text, style)

    def action_leave(self) -> None:
        self.dismiss(None)
