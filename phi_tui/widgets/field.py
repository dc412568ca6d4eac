"""Fields: one option's value, one row high. A line of text, or one of a few choices.

Both hold text, post `FieldEdited` when the user changes it, and stay silent when the form fills them.
"""

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input

from phi_core.config.option import OptionSpec
from phi_tui.draft import canonical
from phi_tui.form_yaml import fragment
from phi_tui.path_completion import NAMES, Names, no_names, path_completion
from phi_tui.widgets.plain import content


@dataclass
class FieldEdited(Message):
    """The user changed the option's text."""

    name: str
    text: str


@dataclass
class FieldFocused(Message):
    name: str


class PathSuggester(Suggester):
    """Continues a path or one of `names` as it is typed, in a list the last one; → or tab takes the suggestion."""

    def __init__(self, *, in_list: bool = False, names: Names = no_names) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._in_list, self._names = in_list, names

    async def get_suggestion(self, value: str) -> str | None:
        return await path_completion(value, in_list=self._in_list, names=self._names) if value else None


class TextField(Input):
    """Text, numbers and lists. The number is shown as it is read when the field is left.

    Pasted YAML of options is not taken as text: it goes up to the form.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete", show=False)]

    def __init__(self, spec: OptionSpec, text: str) -> None:
        is_list, names = spec.kind == "list", NAMES.get(spec.name, no_names)
        suggester = PathSuggester(in_list=is_list, names=names) if spec.path else None
        hint = "none" if spec.nullable or is_list else ""
        hint += ": type a path, tab completes it" if hint and spec.path else ""
        super().__init__(text, hint, suggester=suggester, select_on_focus=False, compact=True)
        self.cursor_blink = False
        self.spec = spec
        self._told = text
        """What the form knows: an Input that is mounted says that it has changed too."""

    def fill(self, text: str) -> None:
        self._told = text
        if text != self.value:
            with self.prevent(Input.Changed):
                self.value = text

    def action_complete(self) -> None:
        """Take the suggestion; without one tab goes on to the next field, as it does everywhere."""
        if self._suggestion and self.cursor_at_end:
            self.action_cursor_right()
        else:
            self.screen.focus_next()

    def _on_paste(self, event: events.Paste) -> None:
        if fragment(event.text):
            event.prevent_default()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.value != self._told:
            self._told = self.value
            self.post_message(FieldEdited(self.spec.name, self.value))

    def on_focus(self) -> None:
        self.post_message(FieldFocused(self.spec.name))

    def on_blur(self) -> None:
        self.fill(canonical(self.spec, self.value))


class ChoiceField(Widget, can_focus=True):
    """One of a few words; space and → go on, ← goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right,enter", "turn(1)", "Next choice", show=False),
        Binding("left", "turn(-1)", "Choice before", show=False),
    ]

    def __init__(self, spec: OptionSpec, text: str) -> None:
        super().__init__()
        self.spec = spec
        self.choices = choices_of(spec)
        self._text = text

    @property
    def value(self) -> str:
        return self._text

    def fill(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.refresh()

    def render(self) -> Content:
        if self.spec.kind == "flag" and not self.spec.nullable:
            return content(f"[{'x' if self._text == 'true' else ' '}] {self._text}")
        return content(f"‹ {self._text or 'none'} ›")

    def action_turn(self, by: int) -> None:
        place = self.choices.index(self._text) if self._text in self.choices else -1
        self.fill(self.choices[(place + by) % len(self.choices)])
        self.post_message(FieldEdited(self.spec.name, self._text))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_turn(1)

    def on_focus(self) -> None:
        self.post_message(FieldFocused(self.spec.name))


Field = TextField | ChoiceField


def choices_of(spec: OptionSpec) -> tuple[str, ...]:
    """The texts a choice field turns through; () for an option that is typed, as every list is."""
    if spec.kind == "list":
        return ()
    words = spec.choices or (("false", "true") if spec.kind == "flag" else ())
    return ("", *words) if words and spec.nullable else words


def field_for(spec: OptionSpec, text: str) -> Field:
    return ChoiceField(spec, text) if choices_of(spec) else TextField(spec, text)
