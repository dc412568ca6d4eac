"""TrainView: the form of a run, what the run would do, and its launch.

Holds the draft; `config.problems` judges it, services plan, save and start. Nothing is read or written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from phi_core.config.problems import SPECS
from phi_core.errors import Problem
from phi_tui.config_files import Opened
from phi_tui.data_tokens import progress_words
from phi_tui.draft import Draft, config_line, known
from phi_tui.form_files import FIRST_CONFIG
from phi_tui.keys import TRAIN, bindings
from phi_tui.messages import Done, Failed, Progressed, Remember
from phi_tui.option_filter import OptionFilter
from phi_tui.queue_runs import Queued
from phi_tui.views.train_actions import TrainActions
from phi_tui.widgets.field import FieldEdited, FieldFocused
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.option_help import OptionHelp
from phi_tui.widgets.plain import PlainStatic, tell
from phi_tui.widgets.plan_panel import PlanPanel
from phi_tui.widgets.search_line import SearchLine

HINT = "New here? [b]ctrl+n[/b] starts from a file or a preset; `phi demo` writes an example."


class TrainView(TrainActions):
    """Form on the left, plan on the right or in its place, explanation of the focused option below."""

    HELP: ClassVar[str] = """\
Every line is one option. Type into a field; **space** turns a choice. `●` marks what differs from the default. A path
goes on as you type: **tab** takes it; the model and data fields also know what the hub cache here holds. Pasted lines of
`option: value` fill the fields that they name. The plan is made anew as you type: it is the same plan that the run will
execute. Counts of tokens are exact if the tokenizer is on this machine, else estimated. Memory is a formula, corrected
by what past runs on this machine took; the probe measures it. Where a value comes from: a field that you changed, then
the file, then a preset, then the default. A queued run starts when there is memory for it; Runs shows the queue. In the
dialog of **ctrl+j** `seed=1,2 lora_r=8,16` queues all four combinations. `phi demo` writes an example.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TRAIN, "train")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draft = self._baseline = Draft()
        self.config_path: Path | None = None
        self._filter = OptionFilter()

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="train-title")
        yield Static(HINT, id="train-hint")
        yield SearchLine(id="train-search")
        with Horizontal(id="train-body"):
            yield OptionForm(SPECS, self._draft, id="form")
            yield PlanPanel(id="plan")
        yield OptionHelp(id="train-help")
        yield PlainStatic(id="train-summary")

    def on_mount(self) -> None:
        self._show_draft()

    def enter(self) -> None:
        is_plan_seen = self.has_class("-plan-on") and self.screen.has_class("-narrow")
        (self.query_one(PlanPanel).focus if is_plan_seen else self.form.focus_last)()

    def leave(self) -> None:
        return

    def open_config(self, path: Path) -> None:
        """Read a configuration file into the form."""
        self.files.open(path)

    def offer_config(self, path: Path) -> None:
        """Open a configuration file, but ask before unsaved changes are lost."""
        self.files.offer(path)

    @property
    def draft(self) -> Draft:
        """The form as it is."""
        return self._draft

    @property
    def has_changes(self) -> bool:
        """Whether something would be lost with the form."""
        return self._draft != self._baseline

    def use_texts(self, texts: Mapping[str, str]) -> None:
        """Put these texts into the form, and leave its other options."""
        self.use_draft(self._draft.with_texts(texts))

    def use_draft(self, draft: Draft) -> None:
        self._take(draft, self._baseline, self.config_path)

    def forget(self) -> None:
        """Begin with the defaults."""
        self._take(Draft(), Draft(), None)

    def restore(self, values: Mapping[str, Any]) -> None:
        """The remembered draft; the file it came from if nothing was changed since; else ./train.yaml if there is one."""
        draft, baseline = (Draft(known(values.get(name, {}))) for name in ("draft", "baseline"))
        config = values.get("config", "")
        if draft == baseline and (config or FIRST_CONFIG.exists()):
            return self.open_config(Path(config or FIRST_CONFIG))
        self.dialogs.from_preset = known(values.get("preset", {}))
        self._take(draft, baseline, Path(config) if config else None)

    @on(FieldEdited)
    def _edited(self, event: FieldEdited) -> None:
        edited = self._draft.edited(event.name, event.text)
        if edited != self._draft:
            self._draft = edited
            self._draft_changed()

    def _take(self, draft: Draft, baseline: Draft, path: Path | None) -> None:
        self._draft, self._baseline, self.config_path = draft, baseline, path
        if draft == baseline:
            self.dialogs.from_preset = {}  # what is in a file is no preset's any more
        self.form.fill(draft)
        self._draft_changed()

    def _draft_changed(self) -> None:
        self._show_draft()
        drafts = {"draft": dict(self._draft.texts), "baseline": dict(self._baseline.texts)}
        preset = dict(self.dialogs.from_preset)
        self.post_message(Remember({**drafts, "preset": preset, "config": str(self.config_path or "")}))

    def show_state(self) -> None:
        """Marks of change, and what is wrong beside the fields: of the form itself, else what planning found."""
        self.form.show_state(self._draft, self._problems, self._draft.checked.warnings)
        self._show_filtered()

    @property
    def _problems(self) -> Sequence[Problem]:
        return self._draft.checked.problems or self.plan.problems

    def _show_draft(self) -> None:
        self.show_state()
        is_saved = self._draft == self._baseline and self.config_path is not None
        title = config_line(self.config_path, self._draft, is_saved=is_saved)
        self.query_one("#train-title", PlainStatic).show(title)
        self.query_one("#train-hint").display = not self._draft.texts and self.config_path is None
        self.plan.make_soon()

    @on(FieldFocused)
    def _explain(self, event: FieldFocused) -> None:
        self.query_one(OptionHelp).explain(SPECS[event.name])

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task, event.result:
            case "plan", _:
                self.plan.done(event)
            case "open", Opened() as opened:
                self._opened(opened)
            case "save", Path() as path:
                self._take(self._draft, self._draft, path)
                tell(self, f"Saved {path}")
            case "create", made:
                self.launcher.created(made)
                self.plan.make_soon()
            case "queue", Queued() as queued:
                self.launcher.queued(queued)
            case _:
                self.dialogs.done(event)

    def on_progressed(self, event: Progressed) -> None:
        """A launch whose data is large and not prepared yet."""
        self.plan.say(f"launching: preparing the data, {progress_words(event.progress)}")

    def on_failed(self, event: Failed) -> None:
        event.stop()
        if event.task == "plan":
            return self.plan.failed(event)
        if event.task in ("probe", "fit"):
            return self.dialogs.failed(event)
        if event.task == "create":
            self.plan.make_soon()
            if self.launcher.failed(event.error):
                return
        tell(self, event.text, "error")

    def _opened(self, opened: Opened) -> None:
        self._take(opened.draft, opened.draft, opened.path)
        if opened.unknown:
            tell(self, "\n".join(f"{opened.path}: {problem}" for problem in opened.unknown[:3]), "warning")
        elif opened.beside:
            words = "stands beside that file, not here: paths count from the folder that phi was started in"
            tell(self, f"{', '.join(opened.beside[:3])} {words}", "warning")
        if self.display:
            self.form.focus_last()

    def on_unmount(self) -> None:
        self.dialogs.leave()

    @on(Input.Changed, "#train-search")
    def _searched(self, event: Input.Changed) -> None:
        self._show_filtered(search=event.value)

    @on(Input.Submitted)
    def _next_after_enter(self) -> None:
        self.form.move(1)

    def _show_filtered(self, **changes: Any) -> None:
        self._filter = replace(self._filter, **changes)
        wrong = {problem.where for problem in self._problems}
        self.form.show_only(self._filter.names(self._draft, wrong))

    def action_find(self) -> None:
        self.remove_class("-plan-on")
        self.query_one(SearchLine).open()

    def action_toggle_advanced(self) -> None:
        self._show_filtered(advanced=not self._filter.advanced)

    def action_toggle_changed(self) -> None:
        self._show_filtered(only_changed=not self._filter.only_changed)

    def action_toggle_plan(self) -> None:
        if self.screen.has_class("-narrow"):
            self.toggle_class("-plan-on")
            self.enter()
        else:
            self.toggle_class("-plan-off")

    def action_move(self, by: int) -> None:
        self.form.move(by)

    def action_back(self) -> None:
        if self.query_one(SearchLine).close():
            self.form.focus_last()
        elif self.has_class("-plan-on"):
            self.action_toggle_plan()
        else:
            self.form.focus()  # out of the text field, so that single letters are keys again
