"""TokenPane: which record is shown, and its tokens; or why there are none."""

from textual.app import ComposeResult
from textual.containers import Vertical

from phi_tui.data_tokens import Example
from phi_tui.widgets.plain import PlainStatic
from phi_tui.widgets.token_sheet import TokenSheet


class TokenPane(Vertical, can_focus=True):
    """Shows what it is told."""

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="token-head")
        yield TokenSheet(id="token-sheet")

    @property
    def sheet(self) -> TokenSheet:
        return self.query_one(TokenSheet)

    def show(self, example: Example) -> None:
        self.sheet.display = True
        self.query_one("#token-head", PlainStatic).show(_head(example))
        self.sheet.show(example.view)

    def show_trouble(self, text: str, style: str = "") -> None:
        self.query_one("#token-head", PlainStatic).show(text, style)
        self.sheet.show(None)
        self.sheet.display = False


def _head(example: Example) -> str:
    view = example.view
    counts = ", ".join(
        f"{count:,} {words}"
        for words, count in (
            ("tokens", view.count("masked", "trained", "stop", "cut")),
            ("trained", view.count("trained", "stop")),
            ("masked", view.count("masked")),
            ("stop", view.count("stop")),
            ("cut", view.count("cut")),
        )
        if count or words in ("tokens", "trained")
    )
    record = f"record {example.record + 1:,}"
    named = record if example.name == record else f"{example.name}{example.rank} · {record}"
    return f"{named} · {example.place}\n{counts}"
