"""RecordView: the raw lines around a record, or its columns. Dismisses with True if it is to be edited."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_core.plain_text import plain
from phi_tui.data_check import Entry
from phi_tui.messages import Done, Failed
from phi_tui.record_lines import RawLine, RawRecord, read_raw
from phi_tui.services import start
from phi_tui.widgets.plain import PlainStatic, key_line

STEPS = (1_000, 20_000, 200_000)
"""So many characters of a long line are shown, one step more at each `m`."""


class RecordView(ModalScreen[bool]):
    """Reads the record when it is opened; the file may have changed since it was checked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave(False)", show=False),
        Binding("e", "leave(True)", show=False),
        Binding("m", "more", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        self._raw: RawRecord | None = None
        self._step = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog record") as box:
            box.border_title = "Record"
            yield PlainStatic(self._entry.text, id="record-what")
            with VerticalScroll(id="record-scroll"):
                yield Static(id="record-lines", markup=False)
            yield PlainStatic(id="record-note")
            keys = (("e", "Edit"), ("m", "More of long lines"), ("↑ ↓", "Scroll"), ("esc", "Back"))
            yield Static(key_line(*keys), classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        part, line = self._entry.part, self._entry.line
        assert part is not None, "an entry without a place has no record"
        start(self, "raw", lambda: read_raw(part, line))

    def on_done(self, event: Done) -> None:
        event.stop()
        self._raw = event.result
        self._show()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self.query_one("#record-note", PlainStatic).show(event.text, "$text-error")

    def _show(self) -> None:
        if raw := self._raw:
            most = STEPS[self._step]
            width = max(20, self.query_one("#record-scroll").size.width - 24)
            parts = [_line(line, raw, most, width) for line in raw.lines]
            self.query_one("#record-lines", Static).update(Content("\n").join(parts))
            self.query_one("#record-note", PlainStatic).show(_note(raw, most), "$text-muted")

    def action_more(self) -> None:
        self._step = min(self._step + 1, len(STEPS) - 1)
        self._show()

    def action_leave(self, is_edited: bool) -> None:
        self.dismiss(is_edited)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def _line(line: RawLine, raw: RawRecord, most: int, width: int) -> Content:
    """The line asked for is marked and shown up to `most` characters, its neighbours on one line each."""
    is_row = raw.part.place == "row"
    is_wanted = is_row or line.number == raw.line
    shown = line.text[: most if is_wanted else width]
    left_out = len(line.text) - len(shown) + line.num_left_out
    head = "" if is_row else f"{'▸' if is_wanted else ' '}{line.number:>6}  "
    more = f" … {left_out:,} more" if left_out else ""
    return Content.assemble(
        (head, "bold $text-accent" if is_wanted else "$text-muted"),
        (plain(shown), "" if is_wanted else "$text-muted"),
        (more, "italic $text-muted"),
    )


def _note(raw: RawRecord, most: int) -> str:
    is_cut = any(len(line.text) > most or line.num_left_out for line in raw.lines if line.number == raw.line)
    cut = "The line goes on: m shows more of it. " if is_cut and most < STEPS[-1] else ""
    return f"{cut}{f'Not to be edited here: {raw.not_editable}.' if raw.not_editable else ''}"
