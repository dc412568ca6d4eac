"""SampleSheet: one record token by token in a few rows, beside the plan. It cannot have the focus; the Data tab shows all of it."""

from phi_core.samples.token_view import TokenView
from phi_tui.widgets.token_sheet import TokenSheet

MOST_ROWS = 9


class SampleSheet(TokenSheet, can_focus=False):
    """As high as its lines need, up to a few."""

    def show(self, view: TokenView | None) -> None:
        super().show(view)
        self._fit()

    def on_resize(self) -> None:
        super().on_resize()
        self._fit()

    def _fit(self) -> None:
        self.styles.height = min(MOST_ROWS, len(self._lines))
