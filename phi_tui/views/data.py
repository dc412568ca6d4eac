"""DataView: what a run would train on. Five panes over the Train form's draft, with data options to be tried here.

Services read, check and tokenise; results arrive as messages and the newest request wins. Nothing is read here.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import Input

from phi_tui.data_check import CheckReport, Entry
from phi_tui.data_help import DATA_HELP
from phi_tui.data_reader import DataReader
from phi_tui.data_request import DATA_SPECS, DataChoice
from phi_tui.data_tokens import Example, NotPrepared, TokenReport
from phi_tui.draft import Draft
from phi_tui.keys import DATA, bindings
from phi_tui.messages import Done, Failed, Progressed, Remember, UseData
from phi_tui.record_editing import edit_record
from phi_tui.screens.ask import Ask
from phi_tui.screens.confirm import Confirm
from phi_tui.screens.record_view import RecordView
from phi_tui.widgets.data_panes import ERROR, PANES, DataPanes
from phi_tui.widgets.field import FieldEdited
from phi_tui.widgets.pane_bar import PaneBar
from phi_tui.widgets.plain import PlainStatic, tell

READ_DELAY_SECONDS = 0.4
NO_DATA = "No data chosen yet. ctrl+n opens a file, a folder or a hub dataset; `phi demo` writes an example."
QUESTION = "Which data? Files, folders, patterns, hub ids; commas separate several"


class DataView(Container):
    """`show_draft` tells it the Train form's draft; ctrl+t hands the changes back by UseData."""

    HELP: ClassVar[str] = DATA_HELP
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(DATA, "data")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choice = DataChoice()
        self._reader = DataReader(self)
        self._timer: Timer | None = None
        self._panes = DataPanes(id="data-panes")

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="data-title")
        yield PaneBar(PANES, id="data-bar")
        yield self._panes
        yield PlainStatic(id="data-status")

    def on_mount(self) -> None:
        self.query_one(PaneBar).show(self._panes.current)
        self._show_choice()

    def enter(self) -> None:
        """Files may have changed meanwhile, so they are looked at again."""
        self._panes.focus_current()
        self._read(again=False)

    def leave(self) -> None:
        return

    async def on_unmount(self) -> None:
        await asyncio.to_thread(self._reader.close)

    def restore(self, values: Mapping[str, Any]) -> None:
        """The remembered changes over the Train form's draft."""
        changed = {name: text for name, text in values.get("data", {}).items() if name in DATA_SPECS}
        self._choice = DataChoice(self._choice.train, changed)

    def show_draft(self, train: Draft) -> None:
        """Another state of the Train form; what was changed here stays changed."""
        self._take(self._choice.over(train))

    def action_pane(self, pane: str) -> None:
        self._panes.open(pane)
        self.query_one(PaneBar).show(pane)
        self._panes.focus_current()
        self.refresh_bindings()

    def is_offered(self, action: str) -> bool:
        """Whether the footer names a key of the pane that is open."""
        match action:
            case "prepare":
                return isinstance(self._reader.tokens, NotPrepared)
            case "accept":
                return self._reader.acceptable() is not None
            case "look" | "edit":
                return bool(self._entry and self._entry.part)
            case "turn_example(1)" | "number" | "toggle_rows":
                return self._panes.current == "tokens" and self._reader.example is not None
        return True

    def _take(self, choice: DataChoice) -> None:
        is_other = choice.draft != self._choice.draft
        if choice.draft.text("dataset_path") != self._choice.draft.text("dataset_path"):
            self._reader.give_up()
        self._choice = choice
        self._panes.form.fill(choice.draft)
        self._show_choice()
        if is_other and self.display:
            self._read_soon()

    @on(FieldEdited)
    def _edited(self, event: FieldEdited) -> None:
        event.stop()
        self._change(event.name, event.text)

    def _change(self, name: str, text: str) -> None:
        self._take(self._choice.edited(name, text))
        self.post_message(Remember({"data": dict(self._choice.changed)}))

    def _show_choice(self) -> None:
        checked = self._choice.checked
        self._panes.form.show_state(self._choice.draft, checked.problems, checked.warnings)
        self.query_one("#data-title", PlainStatic).show(self._choice.title)

    def _read_soon(self) -> None:
        if self._timer:
            self._timer.stop()
        self._timer = self.set_timer(READ_DELAY_SECONDS, lambda: self._read(again=False))

    def _read(self, *, again: bool = True) -> None:
        """Ask for everything that is shown, or say why that cannot be."""
        config = self._choice.config
        if config is None:
            self._say_instead()
        else:
            self._panes.say_reading(is_checked=self._reader.check, is_tokenised=self._reader.tokens)
            (self._reader.read if again else self._reader.look_again)(config)
        self._show_status()

    def _say_instead(self) -> None:
        self._reader.give_up()
        problems = "\n".join(map(str, self._choice.checked.problems))
        self._panes.say_everywhere(*((problems, ERROR) if self._choice.has_data else (NO_DATA, "")))
        self._panes.keep_focus(is_seen=self.display)

    def _show_status(self) -> None:
        style = "$text-warning" if self._reader.is_refused else ""
        self.query_one("#data-status", PlainStatic).show(self._reader.status, style)
        self.refresh_bindings()

    def on_progressed(self, event: Progressed) -> None:
        self._reader.told(event)
        self._show_status()

    def on_done(self, event: Done) -> None:
        event.stop()
        if not self._reader.took(event):
            return
        match event.result:
            case CheckReport() as report if self._reader.found(report):
                self._panes.check.show(report)
            case TokenReport() | NotPrepared() as tokens:
                self._show_tokens(tokens)
            case Example() as example:
                self._reader.example = example
                self._panes.tokens.show(example)
            case int() as count:
                tell(self, f"Prepared {count:,} records")
                self._read()
        self._show_status()
        self._panes.keep_focus(is_seen=self.display)

    def on_failed(self, event: Failed) -> None:
        event.stop()
        if not self._reader.took(event):
            return
        match event.task:
            case "check":
                self._reader.check = None
                self._panes.check.show_trouble(event.text, ERROR)
            case "tokens":
                self._reader.tokens = self._reader.example = None
                self._panes.say_of_tokens(event.text, ERROR)
            case _:
                tell(self, event.text, "error")
        self._show_status()
        self._panes.keep_focus(is_seen=self.display)

    def _show_tokens(self, tokens: TokenReport | NotPrepared) -> None:
        self._reader.tokens = tokens
        self._panes.show_tokens(tokens)
        self._reader.turn(0)

    def action_use(self) -> None:
        self.post_message(UseData(dict(self._choice.changed)))

    def action_choose(self) -> None:
        ask = Ask(QUESTION, self._choice.draft.text("dataset_path"), is_path=True, is_list=True)
        self.app.push_screen(ask, self._chosen)

    def _chosen(self, answer: str | None) -> None:
        if answer:
            self._reader.place = 0
            self._change("dataset_path", answer)

    def action_forget(self) -> None:
        self._take(DataChoice(self._choice.train))
        self.post_message(Remember({"data": {}}))

    def action_again(self) -> None:
        self._reader.check = None
        self._read()

    def action_turn_pane(self, by: int) -> None:
        self.action_pane(self._panes.turned(by))

    def action_back(self) -> None:
        if isinstance(self.screen.focused, Input):
            self._panes.form.focus()
        else:
            self.action_pane("check")

    def action_move(self, by: int) -> None:
        if self._panes.current == "options":
            self._panes.form.move(by)

    @on(Input.Submitted)
    def _next_after_enter(self) -> None:
        self._panes.form.move(1)

    def action_turn_example(self, by: int) -> None:
        if self._panes.current == "tokens":
            self._reader.turn(by)

    def action_toggle_rows(self) -> None:
        self._panes.tokens.sheet.turn_rows()

    def action_next_border(self) -> None:
        self._panes.tokens.sheet.to_next_border()

    def action_number(self) -> None:
        tokens = self._reader.tokens
        if self._panes.current == "tokens" and isinstance(tokens, TokenReport) and not tokens.without_tokens:
            self.app.push_screen(Ask(f"Which record? 1 to {tokens.num_records:,}"), self._numbered)

    def _numbered(self, answer: str | None) -> None:
        digits = (answer or "").replace(",", "").strip()
        if digits.isdecimal():
            self._reader.view(f"record {int(digits):,}", int(digits) - 1)
        elif answer:
            tell(self, f"{answer} is no number of a record", "warning")

    def action_prepare(self) -> None:
        if self._reader.is_busy("prepare"):
            question = Confirm("Stop preparing? What is done so far is lost.", "Stop")
            self.app.push_screen(question, self._stop_preparing)
        elif isinstance(self._reader.tokens, NotPrepared) and self._choice.config:
            self._reader.prepare(self._choice.config)
            self._show_status()
        else:
            tell(self, "There is nothing to prepare")

    def _stop_preparing(self, is_sure: bool | None) -> None:
        if is_sure:
            self._reader.stop_preparing()
            self._show_status()

    def action_accept(self) -> None:
        """What may be accepted of the gate's refusals; if there is none, accept nothing any more."""
        names = self._reader.acceptable()
        if names is None:
            tell(self, "The launch gate has nothing that could be accepted")
        else:
            self._change("accept", ",".join(names))

    @property
    def _entry(self) -> Entry | None:
        """The place that enter and e act on, by the pane that is open."""
        example = self._reader.example
        if self._panes.current == "tokens" and example:
            return Entry("warning", f"{example.name}: {example.place}", example.part, example.view.line)
        return self._panes.check.current if self._panes.current == "check" else None

    def action_look(self) -> None:
        entry = self._entry
        if entry and entry.part:
            self.app.push_screen(
                RecordView(entry), lambda is_edited: self.action_edit() if is_edited else None
            )
        elif entry:
            tell(self, "This line is about no one place")

    def action_edit(self) -> None:
        if edit_record(self, self._entry):
            self._read()
