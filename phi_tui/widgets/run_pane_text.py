"""RunText: a pane of text about a run. Left and right are left to the view, which moves the cursor on the curves."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from phi_tui.widgets.text_pane import TextPane


class RunText(TextPane, inherit_bindings=False):
    """Scrolls by its own keys. `show_end` keeps the end in sight until the reader scrolls away from it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", show=False),
        Binding("down", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]

    def show_end(self, text: str, *, is_new: bool) -> None:
        """`is_new`: another text than before, which begins at its end."""
        follows = is_new or self.is_vertical_scroll_end
        self.show(text)
        if follows:
            self.call_after_refresh(self.scroll_end, animate=False, immediate=True)
