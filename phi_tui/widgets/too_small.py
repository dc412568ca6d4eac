"""TooSmall: the one calm line in a terminal that is too small for the frame, with the size it has now."""

from phi_tui.widgets.plain import PlainStatic

COLUMNS, ROWS = 60, 16


class TooSmall(PlainStatic):
    """Shown by the screen's classes -tiny and -flat, in the place of the frame."""

    def on_resize(self) -> None:
        width, height = self.app.size
        self.show(
            f"Terminal too small: {COLUMNS}×{ROWS} needed, now {width}×{height}; everything keeps running."
        )
