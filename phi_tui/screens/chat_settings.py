"""A dialog for how answers are drawn: the options of config.sampling, and the system message.

Dismisses with ChatSettings, or None. A value that cannot be is named beside its field, and the dialog stays.
"""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from phi_core.config.option import shown, specs
from phi_core.config.sampling import Sampling, sampling_from
from phi_tui.chat_session import ChatSettings
from phi_tui.widgets.plain import PlainStatic, key_line

OPTIONS = specs(Sampling)


class EditSettings(ModalScreen[ChatSettings | None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    DEFAULT_CSS = """
    EditSettings {
        & #settings-box { max-height: 100%; }
        & #settings-fields { height: auto; max-height: 82vh; scrollbar-size-vertical: 1; }
        & Horizontal { height: 1; }
        & .settings-name { width: 20; }
        & Input { width: 14; }
        & #settings-system { width: 1fr; }
        & .settings-help { color: $text-muted; padding-left: 2; height: auto; margin-bottom: 1; }
        & .settings-help.-bad { color: $text-error; text-style: bold; }
        &.-low .settings-help, &.-flat .settings-help { margin-bottom: 0; }
        &.-low .dialog-keys, &.-flat .dialog-keys { padding: 0; }
    }
    """

    def __init__(self, settings: ChatSettings) -> None:
        super().__init__()
        self._settings = settings

    def compose(self) -> ComposeResult:
        with Vertical(id="settings-box", classes="dialog wide") as box:
            box.border_title = "How answers are drawn"
            with VerticalScroll(id="settings-fields", can_focus=False):
                yield from self._fields()
            keys = (("enter", "Take"), ("tab", "Next field"), ("esc", "Back"))
            yield Static(key_line(*keys), classes="dialog-keys")

    def _fields(self) -> ComposeResult:
        for option in OPTIONS:
            with Horizontal():
                yield PlainStatic(option.name, classes="settings-name")
                value = shown(getattr(self._settings.sampling, option.name))
                yield Input(value, id=f"settings-{option.name}", compact=True)
            yield PlainStatic(option.explanation, id=f"help-{option.name}", classes="settings-help")
        with Horizontal():
            yield PlainStatic("system message", classes="settings-name")
            yield Input(self._settings.system, id="settings-system", compact=True)

    @on(Input.Submitted)
    def _take(self) -> None:
        values = {
            option.name: self.query_one(f"#settings-{option.name}", Input).value.strip() for option in OPTIONS
        }
        sampling, problems = sampling_from(values, where="")
        for option in OPTIONS:
            faults = [problem.what for problem in problems if problem.where == f".{option.name}"]
            label = self.query_one(f"#help-{option.name}", PlainStatic)
            label.set_class(bool(faults), "-bad")
            label.show(faults[0] if faults else option.explanation)
        if not problems:
            self.dismiss(ChatSettings(sampling, self.query_one("#settings-system", Input).value))

    def action_leave(self) -> None:
        self.dismiss(None)
