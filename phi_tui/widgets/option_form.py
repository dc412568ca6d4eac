"""OptionForm: every option of a configuration in its group, one row each, problems under their rows.

Built from option declarations and a draft; tells edits and focus by the fields' messages. Checks nothing itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from phi_core.config.option import OptionSpec
from phi_core.errors import Problem
from phi_tui.draft import Draft
from phi_tui.widgets.field import Field, field_for
from phi_tui.widgets.plain import PlainStatic, content


class OptionRow(Vertical):
    """Name, mark of change and field; under them what is wrong, if anything is."""

    def __init__(self, spec: OptionSpec, text: str) -> None:
        super().__init__()
        self.spec = spec
        self.field: Field = field_for(spec, text)
        self._label = Static(classes="option-name")
        self._problem = PlainStatic(classes="option-problem")
        self._shown: tuple[bool, str, str] | None = None

    def compose(self) -> ComposeResult:
        yield Horizontal(self._label, self.field)
        yield self._problem

    def show(self, *, is_changed: bool, problem: str, warning: str) -> None:
        shown = (is_changed, problem, warning)
        if shown != self._shown:
            self._shown = shown
            self._label.update(
                content(f"{'●' if is_changed else ' '} {self.spec.name}", "bold" if is_changed else ""),
                layout=False,
            )
            self._problem.show(problem or warning)
            self.set_class(bool(problem), "-wrong")
            self.set_class(bool(warning), "-warned")


class OptionForm(VerticalScroll, inherit_bindings=False):
    """Rows of all options; `show_only` says which are seen."""

    def __init__(self, specs: Mapping[str, OptionSpec], draft: Draft, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows = {name: OptionRow(spec, draft.text(name)) for name, spec in specs.items()}
        self._last = next(iter(specs))

    def compose(self) -> ComposeResult:
        for group, rows in groupby(self._rows.values(), key=lambda row: row.spec.group):
            yield Vertical(Static(group, classes="group-name", markup=False), *rows, classes="group")

    def fill(self, draft: Draft) -> None:
        """Put the draft's texts into the fields, without telling edits."""
        for name, row in self._rows.items():
            row.field.fill(draft.text(name))

    def show_state(self, draft: Draft, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
        """Marks of change, what is wrong and what is unusual, by option."""
        wrong, unusual = _by_option(problems), _by_option(warnings)
        for name, row in self._rows.items():
            row.show(
                is_changed=draft.is_changed(name), problem=wrong.get(name, ""), warning=unusual.get(name, "")
            )

    def show_only(self, names: Collection[str]) -> None:
        """Show these rows, and the one with the focus: nothing vanishes under the hands."""
        for name, row in self._rows.items():
            row.display = name in names or row.field.has_focus
        for group in self.query(".group"):
            group.display = any(row.display for row in group.query(OptionRow))

    @property
    def focused_name(self) -> str | None:
        return next((name for name, row in self._rows.items() if row.field.has_focus), None)

    def focus_option(self, name: str) -> None:
        if name in self._rows:
            self._rows[name].field.focus()
            self.call_after_refresh(self._rows[name].scroll_visible, animate=False)

    def focus_last(self) -> None:
        """The field that had the focus before, or the first that is seen."""
        seen = self._seen()
        if seen:
            self.focus_option(self._last if self._last in seen else seen[0])

    def move(self, by: int) -> None:
        """Focus the field so many rows away, as far as there are rows."""
        seen = self._seen()
        if not seen:
            return
        name = self.focused_name
        if name not in seen:
            self.focus_last()
            return
        place = seen.index(name) + by
        self.focus_option(seen[max(0, min(len(seen) - 1, place))])

    def on_field_focused(self) -> None:
        self._last = self.focused_name or self._last

    def _seen(self) -> list[str]:
        return [name for name, row in self._rows.items() if row.display]


def _by_option(problems: Sequence[Problem]) -> dict[str, str]:
    """The first problem of each option, without its name."""
    return {problem.where: str(replace(problem, where="")) for problem in reversed(problems)}
