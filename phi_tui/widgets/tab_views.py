"""TabViews: the views of the tabs, of which one is seen. Each is loaded and mounted when it is first needed.

Knows of its views where they are; what a new one is told is the app's.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from textual.containers import Container

VIEWS = {
    "train": "phi_tui.views.train:TrainView",
    "runs": "phi_tui.views.runs:RunsView",
    "chat": "phi_tui.views.chat:ChatView",
    "compare": "phi_tui.views.compare:CompareView",
    "data": "phi_tui.views.data:DataView",
}
NEEDS = {"data": "train"}
"""The view that another one is about: it is there first."""


class TabViews(Container):
    """A view's id is the name of its tab. `prepare` is called with each new view."""

    def __init__(self, prepare: Callable[[Any], None], *, id: str) -> None:
        super().__init__(id=id)
        self._prepare = prepare

    def there(self, tab: str) -> Any:
        """The view, None if it has not been needed yet."""
        return next((view for view in self.children if view.id == tab), None)

    async def mounted(self, tab: str) -> Any:
        """The view, unseen at first. Mounting takes a tenth of a second and more."""
        if tab in NEEDS:
            await self.mounted(NEEDS[tab])
        view = self.there(tab)
        if view is None:
            module, _, name = VIEWS[tab].partition(":")
            view = getattr(import_module(module), name)(id=tab)
            view.display = False
            await self.mount(view)
            self._prepare(view)
        return view

    def show(self, tab: str) -> None:
        """Let this view be seen, and no other."""
        for view in self.children:
            view.display = view.id == tab
