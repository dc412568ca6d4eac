"""OptionForm: every option of a configuration in its group, one row each, problems under their rows.

Built from option declarations and a draft; tells edits and focus by the fields' messages. Checks nothing itself. Pasted
YAML is taken apart into edits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from phi_core.config.option import OptionSpec
from phi_core.errors import Problem
from phi_tui.draft import Draft, field_text
from phi_tui.form_yaml import fragment
from phi_tui.widgets.field import Field, FieldEdited, field_for
from phi_tui.widgets.plain import PlainStatic, content, tell


class OptionRow(Vertical):
    """Name, mark of change and field; under them what is wrong, if anything is."""

    def __init__(self, spec: OptionSpec, text: str) -> None:
        super().__init__()
        self.spec = spec
        self.field: Field = field_for(spec, text)
        self._label = Static(classes="option-name")
        self._problem: PlainStatic | None = None
        self._shown: tuple[bool, str, str] | None = None
        self._is_composed = False

    def compose(self) -> ComposeResult:
        self._is_composed = True
        yield Horizontal(self._label, self.field)
        if self._problem:
            yield self._problem

    def show(self, *, is_changed: bool, problem: str, warning: str) -> None:
        shown = (is_changed, problem, warning)
        if shown != self._shown:
            self._shown = shown
            self._label.update(
                content(f"{'●' if is_changed else ' '} {self.spec.name}", "bold" if is_changed else ""),
                layout=False,
            )
            self._tell(problem or warning)
            self.set_class(bool(problem), "-wrong")
            self.set_class(bool(warning), "-warned")

    def _tell(self, problem: str) -> None:
        """Most options never have a problem, and no line for it."""
        if self._problem:
            self._problem.show(problem)
        elif problem:
            self._problem = PlainStatic(problem, classes="option-problem")
            if self._is_composed:  # before that it is composed with the rest; "mounted" is said only later
                self.mount(self._problem)


class OptionForm(VerticalScroll, inherit_bindings=False):
    """Rows of options; `show_only` says which are seen. A row is made when it is to be seen for the first time."""

    def __init__(self, specs: Mapping[str, OptionSpec], draft: Draft, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._specs, self._draft = specs, draft
        self._wrong: Mapping[str, str] = {}
        self._unusual: Mapping[str, str] = {}
        self._rows: dict[str, OptionRow] = {}
        self._last = next(iter(specs))

    def compose(self) -> ComposeResult:
        for name, _ in self._groups():
            yield Vertical(Static(name, classes="group-name", markup=False), classes="group")

    def _groups(self) -> Iterator[tuple[str, list[str]]]:
        """Each group with its options."""
        for group, specs in groupby(self._specs.values(), key=lambda spec: spec.group):
            yield group, [spec.name for spec in specs]

    def fill(self, draft: Draft) -> None:
        """Put the draft's texts into the fields, without telling edits."""
        self._draft = draft
        for name, row in self._rows.items():
            row.field.fill(draft.text(name))

    def show_state(self, draft: Draft, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
        """Marks of change, what is wrong and what is unusual, by option."""
        self._draft, self._wrong, self._unusual = draft, _by_option(problems), _by_option(warnings)
        for row in self._rows.values():
            self._mark(row)

    def _mark(self, row: OptionRow) -> None:
        name = row.spec.name
        is_changed = self._draft.is_changed(name)
        row.show(
            is_changed=is_changed, problem=self._wrong.get(name, ""), warning=self._unusual.get(name, "")
        )

    def show_only(self, names: Collection[str]) -> None:
        """Show these rows, and the one with the focus: nothing vanishes under the hands."""
        self._make(names)
        for name, row in self._rows.items():
            row.display = name in names or row.field.has_focus
        for box, (_, options) in zip(self.query(".group"), self._groups(), strict=True):
            box.display = any(name in self._rows and self._rows[name].display for name in options)

    def _make(self, names: Collection[str]) -> None:
        """The rows of these options, each in its place."""
        for box, (_, options) in zip(self.query(".group"), self._groups(), strict=True):
            before = box.children[0]
            wanted = [(name in self._rows, name) for name in options if name in names or name in self._rows]
            for is_there, pairs in groupby(wanted, key=itemgetter(0)):
                rows = [self._rows[name] if is_there else self._new_row(name) for _, name in pairs]
                if not is_there:
                    box.mount(*rows, after=before)
                before = rows[-1]

    def _new_row(self, name: str) -> OptionRow:
        row = self._rows[name] = OptionRow(self._specs[name], self._draft.text(name))
        self._mark(row)
        return row

    def on_paste(self, event: events.Paste) -> None:
        """Pasted lines of `option: value` fill the fields that they name, as if each had been typed."""
        texts = {name: field_text(value) for name, value in fragment(event.text).items()}
        if not texts:
            return
        event.stop()
        for name in texts.keys() & self._specs.keys():
            if name in self._rows:
                self._rows[name].field.fill(texts[name])
            self.post_message(FieldEdited(name, texts[name]))
        elsewhere = [name for name in texts if name not in self._specs]
        not_here = f"; not options here: {', '.join(elsewhere)}" if elsewhere else ""
        count = len(texts) - len(elsewhere)
        tell(self, f"Pasted {count} option{'s' if count != 1 else ''}{not_here}")

    @property
    def focused_name(self) -> str | None:
        return next((name for name, row in self._rows.items() if row.field.has_focus), None)

    def focus_option(self, name: str) -> None:
        """Once its row is there: one that was only just made is mounted a moment later."""
        row = self._rows.get(name)
        if row is None:
            return
        if not row.field.is_attached and self.is_attached:
            self.call_after_refresh(self.focus_option, name)
            return
        row.field.focus()
        self.call_after_refresh(row.scroll_visible, animate=False)

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
        return [name for name in self._specs if name in self._rows and self._rows[name].display]


def _by_option(problems: Sequence[Problem]) -> dict[str, str]:
    """The first problem of each option, without its name."""
    return {problem.where: str(replace(problem, where="")) for problem in reversed(problems)}
