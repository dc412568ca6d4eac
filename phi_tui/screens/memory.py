"""Memory: what the run is expected to need, what was measured, what is free, and the two keys that do something about it.

Shows what it is told and says what was asked; the Train tab measures and fits.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from phi_tui.memory_text import PlanMemory, ProbeState, memory_rows, part_rows, probe_sentence
from phi_tui.widgets.plain import PlainStatic, key_line
from phi_tui.widgets.plan_panel import aligned

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

KEYS = (("p", "Probe: measure"), ("f", "Fit"), ("g", "Guide"))


class Memory(ModalScreen[None]):
    """esc ends a measurement that runs; once more, or where none runs, it goes back. b goes back and lets it run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop_or_leave", "Back", show=False),
        Binding("b", "leave", "Back", show=False),
        Binding("p", "probe", "Probe", show=False),
        Binding("f", "fit", "Fit", show=False),
        Binding("g", "guide", "Guide", show=False),
    ]

    def __init__(
        self, *, probe: Callable[[], None], fit: Callable[[], None], stop: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._probe, self._fit, self._stop = probe, fit, stop
        self._said = ("", "")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide") as box:
            box.border_title = "Memory of one process of the run"
            with VerticalScroll(id="memory-scroll"):
                yield PlainStatic(id="memory-rows")
            yield PlainStatic(id="memory-note")
            yield Static(id="memory-keys", classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one("#memory-note", PlainStatic).show(*self._said)

    def show(self, memory: PlanMemory | None, probe: ProbeState, trouble: str) -> None:
        """The figures of the form as it is; `trouble` where it has no plan."""
        keys: tuple[tuple[str, str], ...] = (*KEYS, ("esc", "Back"))
        if probe.seconds is not None:
            keys = (("esc", "Stop the probe"), ("b", "Back, and let it go on"))
        self.query_one("#memory-keys", Static).update(key_line(*keys))
        width = max(20, self.query_one("#memory-scroll").content_size.width - 1)
        self.query_one("#memory-rows", PlainStatic).show(self._text(memory, probe, trouble, width))

    def _text(self, memory: PlanMemory | None, probe: ProbeState, trouble: str, width: int) -> str:
        if memory is None:
            return f"There is no plan yet.\n{trouble}"
        rows = [*memory_rows(memory, probe), *part_rows(memory)]
        if probe.result is not None:
            rows.append(("of", probe_sentence(probe.result)))
        rows.append(("", ""))
        rows.append(("p measures", "takes two real steps on the longest batch in a process of its own"))
        rows.append(
            (
                "f fits",
                "chooses micro-batch, accumulation, checkpointing and quantisation; a step keeps its records",
            )
        )
        return aligned(rows, width)

    def say(self, text: str, style: str = "") -> None:
        """What came of a fit, or why something cannot be done."""
        self._said = (text, style)
        if self.is_mounted:
            self.query_one("#memory-note", PlainStatic).show(text, style)

    def action_probe(self) -> None:
        self._probe()

    def action_fit(self) -> None:
        self._fit()

    def action_guide(self) -> None:
        cast("PhiApp", self.app).action_guide("out_of_memory")

    def action_stop_or_leave(self) -> None:
        if not self._stop():
            self.dismiss()

    def action_leave(self) -> None:
        self.dismiss()
