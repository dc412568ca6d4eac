"""Layers: what an adapter can stand on in the form's model, and the goals of the layer guide.

Dismisses with texts of `lora_goal` and `lora_targets` for the form, or None. Reads config.json, no weights.
"""

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from phi_tui.draft import Draft
from phi_tui.layer_text import (
    GUIDE,
    Marked,
    Row,
    explained,
    guide_text,
    header,
    marked_in,
    rank_of,
    row_text,
    rows,
    texts_of,
    total,
)
from phi_tui.messages import Done, Failed
from phi_tui.model_layers import ModelLayers, read_layers
from phi_tui.screens.reading import Reading
from phi_tui.services import start
from phi_tui.widgets.plain import PlainStatic, content, key_line


class Layers(ModalScreen[Mapping[str, str] | None]):
    """space marks, enter takes what is marked; on a goal enter takes the goal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("space", "mark", "Mark", show=False),
        Binding("a", "auto", "Auto", show=False),
        Binding("g", "guide", "Guide", show=False),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft, self._rank = draft, rank_of(draft)
        self._model: ModelLayers | None = None
        self._marked = Marked()
        self._rows: tuple[Row, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = "Layers"
            yield PlainStatic("reading the model's config.json …", id="layer-model")
            yield PlainStatic(header(self._rank), classes="list-header")
            yield OptionList(id="layer-list", markup=False)
            yield PlainStatic(GUIDE, id="layer-detail", classes="list-detail")
            yield PlainStatic(id="layer-total", classes="list-note")
            keys = (("space", "Mark"), ("enter", "Take"), ("a", "Auto"), ("g", "Guide"), ("esc", "Back"))
            yield Static(key_line(*keys), classes="dialog-keys")

    def on_mount(self) -> None:
        name, revision = self._draft.text("model_name"), self._draft.text("model_revision") or None
        start(self, "layers", lambda: read_layers(name, revision))

    def on_done(self, event: Done) -> None:
        event.stop()
        model = self._model = event.result
        self._rows, self._marked = rows(model), marked_in(self._draft, model)
        size = f", {model.shape.num_parameters:,} parameters" if model.shape else ""
        about = f"{model.name} · {model.family}: {model.num_blocks} blocks{size}"
        self.query_one("#layer-model", PlainStatic).show(about)
        self.query_one(OptionList).add_options(self._option(row, model) for row in self._rows)
        goal = next((place for place, row in enumerate(self._rows) if row[1] == self._marked.goal), 0)
        self.query_one(OptionList).highlighted = goal
        self._show_total()

    def on_failed(self, event: Failed) -> None:
        event.stop()
        self.query_one("#layer-model", PlainStatic).show("No layers to show yet")
        self.query_one("#layer-total", PlainStatic).show(event.text, "$text-warning")

    def _option(self, row: Row, model: ModelLayers) -> Option:
        return Option(content(row_text(row, self._marked, model, self._rank)))

    @on(OptionList.OptionHighlighted)
    def _explain(self, event: OptionList.OptionHighlighted) -> None:
        if self._model is not None:
            text = explained(self._rows[event.option_index], self._model)
            self.query_one("#layer-detail", PlainStatic).show(text)

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        row = self._rows[event.option_index]
        if (row[0] == "goal" and not self._marked.has(row)) or not self._marked.groups:
            self._marked = self._marked.toggled(row)
        self._finish()

    def _finish(self) -> None:
        if self._model is not None:
            self.dismiss(texts_of(self._marked, self._model))

    def action_mark(self) -> None:
        place = self.query_one(OptionList).highlighted
        if self._model is None or place is None:
            return
        self._marked = self._marked.toggled(self._rows[place])
        for number, row in enumerate(self._rows):
            text = content(row_text(row, self._marked, self._model, self._rank))
            self.query_one(OptionList).replace_option_prompt_at_index(number, text)
        self._show_total()

    def action_auto(self) -> None:
        self._marked = Marked()
        self._finish()

    def action_guide(self) -> None:
        self.app.push_screen(Reading("Layer guide", guide_text(self._model)))

    def _show_total(self) -> None:
        if self._model is not None:
            text = total(self._marked, self._model, self._draft, self._rank)
            self.query_one("#layer-total", PlainStatic).show(text, "$text-success")

    def action_leave(self) -> None:
        self.dismiss(None)
