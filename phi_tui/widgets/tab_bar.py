"""TabBar: the first row. Tabs with their numbers on the left, memory, GPU and running runs on the right."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from phi_core.planning.gpus import Gpu
from phi_core.planning.machine import Machine
from phi_tui.widgets.plain import content

TABS = {"train": "Train", "runs": "Runs", "chat": "Chat", "compare": "Compare", "data": "Data"}
NAME = " phi "


class TabBar(Horizontal):
    """Shows what it is told; a click on a tab asks the app to switch."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs = Static(id="tabs")
        self._status = Static(id="status", markup=False)
        self._machine: Machine | None = None
        self._num_running = 0
        self._rate = self._told = ""

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield self._status

    @property
    def columns(self) -> dict[str, int]:
        """Where each tab begins."""
        places, column = {}, cell_len(NAME)
        for number, (tab, title) in enumerate(TABS.items(), start=1):
            places[tab] = column
            column += cell_len(f" {number} {title} ")
        return places

    def show_tab(self, current: str) -> None:
        """Mark the tab that is open."""
        names = (
            Content.from_markup(f"[@click=app.{tab}_tab] {number} {title} [/]").stylize(
                "reverse" if tab == current else ""
            )
            for number, (tab, title) in enumerate(TABS.items(), start=1)
        )
        self._tabs.update(Content.assemble((NAME, "bold $text-accent"), *names))

    def show_machine(self, machine: Machine) -> None:
        self._machine = machine
        self._show_status()

    def show_running(self, count: int) -> None:
        if count != self._num_running:
            self._num_running = count
            self._show_status()

    def show_rate(self, rate: str) -> None:
        """What is sent to the terminal, "" for nothing."""
        self._rate = rate
        self._show_status()

    def on_resize(self) -> None:
        self._show_status()

    def _show_status(self) -> None:
        """What fits, whole: main memory gives way first, then the GPU. Drawn only if it says something else."""
        machine = self._machine
        parts = [self._rate] if self._rate else []
        parts += [f"{self._num_running} running"] if self._num_running else []
        parts += [*map(_gpu, machine.gpus[:1]), _memory(machine)] if machine else []
        room = self.size.width - sum(cell_len(name) for name in (NAME, *_tab_names()))
        while parts and len("  ".join(parts)) + 2 > room and self.size.width:
            parts.pop()
        if (told := f" {'  '.join(parts)} ") != self._told:
            self._told = told
            self._status.update(content(told), layout=False)


def _tab_names() -> list[str]:
    return [f" {number} {title} " for number, title in enumerate(TABS.values(), start=1)]


def _memory(machine: Machine) -> str:
    return f"mem {machine.total_gib - machine.free_gib:.1f}/{machine.total_gib:.0f}G"


def _gpu(gpu: Gpu) -> str:
    return f"gpu {gpu.utilisation_percent}% {gpu.total_gib - gpu.free_gib:.0f}/{gpu.total_gib:.0f}G"
