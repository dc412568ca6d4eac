"""Help for where one is: the tab, the thing with the focus, and the run that is selected there."""

from collections.abc import Callable

from textual.widget import Widget

from phi_core.guide.chapters import Chapter
from phi_core.runs.reader import Run
from phi_tui.focus_help import focus_help, looked_at
from phi_tui.guide_places import place_chapter
from phi_tui.keys import Key
from phi_tui.screens.help import Help


def help_here(
    tab: str,
    view: Widget,
    *,
    title: str,
    keys: tuple[Key, ...],
    everywhere: tuple[Key, ...],
    read: Callable[[Chapter], None],
) -> Help:
    """`keys` and `everywhere` as they are now; `read` opens a chapter."""
    focus = focus_help(tab, looked_at(view), (*keys, *everywhere))
    selected = getattr(view, "selected", None)
    run = selected if isinstance(selected, Run) else None
    metric = next((str(getattr(chart, "metric_title", "")) for chart in view.query("RunChart")), "")
    chapter = place_chapter(tab, chapter=focus.chapter, option=focus.option, metric=metric, run=run)
    return Help(
        title,
        focus=focus,
        keys=keys,
        everywhere=everywhere,
        words=str(getattr(view, "HELP", "")),
        chapter=chapter,
        read=read,
    )
