"""The dialogs of the Train tab that change its form: where it starts from, layers, schedules, memory. Opens them and applies their answers.

Works for one view, which gets the messages of the tasks "probe" and "fit" and hands them on. Decides nothing itself.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phi_core.config.option import shown
from phi_core.planning.fit import Fit
from phi_core.planning.presets import Preset
from phi_core.runs.probe_result import ProbeResult
from phi_tui.draft import field_text
from phi_tui.memory_tasks import changes, fit
from phi_tui.memory_text import ProbeState, probe_sentence
from phi_tui.messages import Done, Failed
from phi_tui.plan_curves import BESIDE_THE_PLAN, COMPARED
from phi_tui.plan_keeper import PlanKeeper
from phi_tui.plan_text import Preview
from phi_tui.preset_list import applied
from phi_tui.prober import Prober
from phi_tui.screens.layers import Layers
from phi_tui.screens.memory import Memory
from phi_tui.screens.schedules import ScheduleChoice, Schedules
from phi_tui.screens.start_from import Beginning, FromDefaults, FromFile, FromPreset, StartFrom
from phi_tui.series import Curves
from phi_tui.services import start
from phi_tui.widgets.plain import tell

if TYPE_CHECKING:
    from phi_tui.views.train import TrainView


class TrainDialogs:
    """`plan` keeps the plan of the form. `from_preset` are the texts that a preset put in: the next one takes their place."""

    def __init__(self, view: "TrainView", plan: PlanKeeper) -> None:
        self._view, self._plan = view, plan
        self.from_preset: Mapping[str, str] = {}
        self._compared = COMPARED
        self._prober = Prober(view, self._show_probe)
        self._memory: Memory | None = None
        self._is_fitting = False

    def open_start(self) -> None:
        self._view.app.push_screen(StartFrom(self._view.draft, self.from_preset), self._start_from)

    def _start_from(self, beginning: Beginning | None) -> None:
        match beginning:
            case FromDefaults():
                self._view.files.begin_anew()
            case FromFile(path):
                self._view.files.offer(path)
            case FromPreset():
                self._take_preset(beginning)

    def use_preset(self, preset: Preset) -> None:
        """What the preset has, and the form has no value of its own for."""
        self._take_preset(FromPreset(preset, over_all=False))

    def _take_preset(self, choice: FromPreset) -> None:
        preset = choice.preset
        found = applied(self._view.draft, self.from_preset, preset.values, over_all=choice.over_all)
        self.from_preset = found.texts
        self._view.use_draft(found.draft)
        kept = f"; your own {', '.join(found.kept)} stay" if found.kept else ""
        put = ", ".join(f"{name} {text or 'none'}" for name, text in found.texts.items())
        tell(self._view, f"Preset {preset.name}: {put or 'nothing to put in'}{kept}")

    def open_layers(self) -> None:
        self._view.app.push_screen(
            Layers(self._view.draft), lambda texts: self._view.use_texts(texts) if texts else None
        )

    def open_schedules(self) -> None:
        preview = self._plan.preview
        if preview is None:
            return tell(self._view, f"The curves need a plan. {self._plan.trouble}", "warning")
        self._view.app.push_screen(Schedules(preview.curves, self._compared), self._take_schedule)

    def _take_schedule(self, choice: ScheduleChoice | None) -> None:
        if choice is None:
            return
        self._compared = choice.compared
        if choice.schedule is not None:
            self._view.use_texts({"schedule": choice.schedule})
        self._plan.show()

    def curves(self, preview: Preview) -> Curves:
        """The schedule of the plan with some of those it is compared with."""
        return preview.curves.beside(self._compared, most=BESIDE_THE_PLAN)

    def open_memory(self) -> None:
        self._memory = Memory(probe=self._probe, fit=self._fit, stop=self._prober.stop)
        self._view.app.push_screen(self._memory, lambda _: self._leave_memory())
        self._view.call_after_refresh(self.show_memory)

    def _leave_memory(self) -> None:
        self._memory = None

    def probe_state(self) -> ProbeState:
        """What was measured of the form as it is."""
        return self._prober.state(self._view.draft.checked.config)

    def show_memory(self) -> None:
        """Bring the open dialog up to date."""
        if self._memory is not None and self._memory.is_mounted:
            preview = self._plan.preview
            memory = preview.memory if preview else None
            self._memory.show(memory, self.probe_state(), self._plan.trouble)

    def _show_probe(self) -> None:
        """The probe goes on, or has ended."""
        self._plan.show()
        self.show_memory()

    def _probe(self) -> None:
        config = self._view.draft.checked.config
        if config is None:
            return self._say(
                f"Nothing to measure yet: {self._view.draft.checked.problems[0]}", "$text-warning"
            )
        if not self._prober.is_at_work:
            self._say("")
            self._prober.measure(config)

    def _fit(self) -> None:
        config = self._view.draft.checked.config
        if config is None:
            return self._say(f"Nothing to fit yet: {self._view.draft.checked.problems[0]}", "$text-warning")
        if not self._is_fitting:
            self._is_fitting = True
            self._say("choosing …")
            start(self._view, "fit", lambda: fit(config))

    def done(self, event: Done) -> None:
        """A measurement or a fit has come to its end."""
        match event.result:
            case ProbeResult() as result:
                self._measured(result)
            case Fit() as found:
                self._fitted(found)

    def failed(self, event: Failed) -> None:
        if event.task == "probe":
            self._prober.failed(event.text)
        self._is_fitting = self._is_fitting and event.task != "fit"
        self._say(event.text, "$text-warning")

    def _fitted(self, found: Fit) -> None:
        """Put the choice into the form, and say what and why; where nothing fits, say what would help."""
        self._is_fitting = False
        text = "; ".join(found.reasons)
        config = self._view.draft.checked.config
        if not found.fits or config is None:
            return self._say(f"Not changed: {text}", "$text-error")
        changed = changes(config, found.config)
        self._view.use_texts({name: field_text(value) for name, value in changed.items()})
        before = ", ".join(f"{name} was {shown(getattr(config, name))}" for name in changed)
        self._say(
            f"Chosen: {text}. {f'Before: {before}.' if before else 'It fits as it is.'}", "$text-success"
        )

    def _measured(self, result: ProbeResult) -> None:
        self._prober.done(result)
        if result.out_of_memory is not None:
            self._say(
                f"It does not fit: {probe_sentence(result)}. f chooses settings that do.", "$text-error"
            )

    def _say(self, text: str, style: str = "") -> None:
        """In the dialog if it is open, else as a notice."""
        if self._memory is not None:
            self._memory.say(text, style)
        elif text:
            tell(self._view, text, "error" if style == "$text-error" else "information")

    def leave(self) -> None:
        """The app ends."""
        self._prober.leave()
