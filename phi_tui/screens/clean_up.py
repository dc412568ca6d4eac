"""CleanUp: what runs take on the disk, what of it is to go, and how much that frees; it goes after a question.

Looking and removing are done beside the screen. Live and queued runs are left alone, whatever is chosen.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_core.plain_text import plain
from phi_tui import storage_text, storage_work
from phi_tui.dialog_keys import CLEAN_UP
from phi_tui.keys import bindings
from phi_tui.messages import Done, Failed
from phi_tui.screens.confirm import Confirm
from phi_tui.services import Latest, start
from phi_tui.storage_work import Going, Used, Wish
from phi_tui.widgets.plain import PlainStatic, key_line, tell
from phi_tui.widgets.run_pane_text import RunText

LOOKING = "looking at the folders …"
KEYS = (("c f p o a", "Choose"), ("enter", "Free it"), ("esc", "Back"))


class CleanUp(ModalScreen[None]):
    """The list shows what would go as soon as something is chosen, before that what there is."""

    AUTO_FOCUS = "RunText"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CLEAN_UP, "clean_up")]

    def __init__(self, root: Path, changed: Callable[[], None]) -> None:
        """`changed` is called when something is gone."""
        super().__init__()
        self._root, self._changed = root, changed
        self._wish = Wish()
        self._used: Used | None = None
        self._going = Going(Wish())
        self._looking = Latest(self, "going")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = "Storage"
            yield Static(id="storage-wish", markup=False)
            yield PlainStatic(LOOKING, id="storage-line")
            yield RunText(id="storage-list")
            yield Static(key_line(*KEYS), classes="dialog-keys")

    def on_mount(self) -> None:
        self._show()
        self._look()

    def action_choose(self, change: str) -> None:
        self._wish = getattr(self._wish, change)()
        self._show()
        wish = self._wish
        self._looking.submit(lambda: storage_work.going(self._root, wish))

    def action_free(self) -> None:
        plan = self._going
        if plan.wish != self._wish or not plan.count:
            tell(
                self, storage_text.going_line(Going(self._wish)) if self._wish.is_empty else "Nothing to free"
            )
            return
        question = f"{storage_text.going_line(plan)}\nThis cannot be undone. Free it for good?"
        self.app.push_screen(
            Confirm(question, "Free it"), lambda is_sure: self._free(plan) if is_sure else None
        )

    def action_leave(self) -> None:
        self._looking.cancel()
        self.dismiss()

    def _look(self) -> None:
        start(self, "used", lambda: storage_work.used(self._root))

    def _free(self, plan: Going) -> None:
        self.query_one("#storage-line", PlainStatic).show("freeing …", "$text-warning")
        start(self, "freed", lambda: (storage_work.freed(self._root, plan), plan))

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task:
            case "used":
                self._used = event.result
            case "going" if self._looking.awaits(event):
                self._going = event.result
            case "freed":
                tell(self, storage_text.freed_line(*event.result))
                self._wish, self._going = Wish(), Going(Wish())
                self._changed()
                self._look()
        self._show()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self.query_one("#storage-line", PlainStatic).show(event.text, "$text-error")

    def _show(self) -> None:
        lines = (
            Content.assemble((f"{key}  ", "bold $text-accent"), plain(words))
            for key, words in storage_text.wish_lines(self._wish)
        )
        self.query_one("#storage-wish", Static).update(Content("\n").join(lines))
        is_known = self._going.wish == self._wish
        line = storage_text.going_line(self._going) if is_known and self._used else LOOKING
        self.query_one("#storage-line", PlainStatic).show(line, "$text-warning" if self._going.count else "")
        self.query_one(RunText).show(self._list())

    def _list(self) -> str:
        if self._going.count and self._going.wish == self._wish:
            return storage_text.going_text(self._going)
        return storage_text.used_text(self._used) if self._used else ""
