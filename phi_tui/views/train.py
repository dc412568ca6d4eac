"""TrainView: the form of a run, what the run would do, and its launch.

Holds the draft; `config.problems` judges it, services plan, save and start. Nothing is read or written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Input, Static

from phi_core.config.problems import SPECS
from phi_core.config.training import TrainingConfig
from phi_tui.config_files import NewRun, Opened
from phi_tui.data_tokens import progress_words
from phi_tui.draft import Draft, config_line, default_text
from phi_tui.form_files import FIRST_CONFIG, FormFiles
from phi_tui.keys import TRAIN, bindings
from phi_tui.launcher import Launcher
from phi_tui.messages import Done, Failed, Progressed, Remember
from phi_tui.option_filter import OptionFilter
from phi_tui.plan_keeper import PlanKeeper
from phi_tui.train_dialogs import TrainDialogs
from phi_tui.widgets.field import FieldEdited, FieldFocused
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.option_help import OptionHelp
from phi_tui.widgets.plain import PlainStatic, tell
from phi_tui.widgets.plan_panel import PlanPanel
from phi_tui.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

HINT = "New here? `phi demo` writes an example; [b]ctrl+o[/b] opens its train.yaml."


class TrainView(Container):
    """Form on the left, plan on the right or in its place, explanation of the focused option below."""

    HELP: ClassVar[str] = """\
Every line is one option. Type into a field; **space** turns a choice. `●` marks what differs from the default.
The plan is made anew as you type: it is the same plan that the run will execute. Counts of tokens are exact if the
tokenizer is on this machine, else estimated. Memory is a formula, corrected by what past runs on this machine took;
the probe measures it. Where a value comes from: a field that you changed, then the file, then a preset, then the
default. A queued run starts when there is memory for it; Runs shows the queue. `phi demo` writes an example.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TRAIN, "train")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draft = self._baseline = Draft()
        self.config_path: Path | None = None
        self._filter = OptionFilter()
        self._plan = PlanKeeper(self)
        self._launcher = Launcher(self, self._accept)
        self._files = FormFiles(self)
        self.dialogs = TrainDialogs(self, self._plan)

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
        (self.query_one(PlanPanel).focus if is_plan_seen else self._form.focus_last)()

    def leave(self) -> None:
        return

    def open_config(self, path: Path) -> None:
        """Read a configuration file into the form."""
        self._files.open(path)

    def offer_config(self, path: Path) -> None:
        """Open a configuration file, but ask before unsaved changes are lost."""
        self._files.offer(path)

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
        draft, baseline = Draft(values.get("draft", {})), Draft(values.get("baseline", {}))
        config = values.get("config", "")
        if draft == baseline and (config or FIRST_CONFIG.exists()):
            return self.open_config(Path(config or FIRST_CONFIG))
        self.dialogs.from_preset = values.get("preset", {})
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
        self._form.fill(draft)
        self._draft_changed()

    def _draft_changed(self) -> None:
        self._show_draft()
        drafts = {"draft": dict(self._draft.texts), "baseline": dict(self._baseline.texts)}
        preset = dict(self.dialogs.from_preset)
        self.post_message(Remember({**drafts, "preset": preset, "config": str(self.config_path or "")}))

    def _show_draft(self) -> None:
        problems, warnings = self._draft.checked.problems, self._draft.checked.warnings
        self._form.show_state(self._draft, problems, warnings)
        is_saved = self._draft == self._baseline and self.config_path is not None
        title = config_line(self.config_path, self._draft, is_saved=is_saved)
        self.query_one("#train-title", PlainStatic).show(title)
        self.query_one("#train-hint").display = not self._draft.texts and self.config_path is None
        self._show_filtered()
        self._plan.make_soon()

    @on(FieldFocused)
    def _explain(self, event: FieldFocused) -> None:
        self.query_one(OptionHelp).explain(SPECS[event.name])

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task, event.result:
            case "plan", _:
                self._plan.done(event)
            case "open", Opened() as opened:
                self._opened(opened)
            case "save", Path() as path:
                self._take(self._draft, self._draft, path)
                tell(self, f"Saved {path}")
            case "create", NewRun() as run:
                self._launcher.created(run)
                self._plan.make_soon()
            case "queue", int() as place:
                self._launcher.queued(place)
            case _:
                self.dialogs.done(event)

    def on_progressed(self, event: Progressed) -> None:
        """A launch whose data is large and not prepared yet."""
        self._plan.say(f"launching: preparing the data, {progress_words(event.progress)}")

    def on_failed(self, event: Failed) -> None:
        event.stop()
        if event.task == "plan":
            return self._plan.failed(event)
        if event.task in ("probe", "fit"):
            return self.dialogs.failed(event)
        if event.task == "create":
            self._plan.make_soon()
            if self._launcher.failed(event.error):
                return
        tell(self, event.text, "error")

    def _opened(self, opened: Opened) -> None:
        self._take(opened.draft, opened.draft, opened.path)
        if opened.unknown:
            tell(self, "\n".join(f"{opened.path}: {problem}" for problem in opened.unknown[:3]), "warning")
        if self.display:
            self._form.focus_last()

    def action_launch(self) -> None:
        self._launch(for_queue=False)

    def action_queue(self) -> None:
        self._launch(for_queue=True)

    def _launch(self, *, for_queue: bool) -> None:
        config = self._config_without_problems("queued" if for_queue else "launched")
        if config is not None:
            root = cast("PhiApp", self.app).runs_root
            self._launcher.launch(config, root, self._draft.command, for_queue=for_queue)

    def _accept(self, names: Sequence[str]) -> None:
        self.use_texts({"accept": self._draft.with_items("accept", names)})
        self._launch(for_queue=self._launcher.is_for_queue)

    def action_presets(self) -> None:
        self.dialogs.open_presets()

    def action_layers(self) -> None:
        self.dialogs.open_layers()

    def action_schedules(self) -> None:
        self.dialogs.open_schedules()

    def action_memory(self) -> None:
        self.dialogs.open_memory()

    def on_unmount(self) -> None:
        self.dialogs.leave()

    def _config_without_problems(self, done: str) -> TrainingConfig | None:
        """The configuration; None, and the first problem in sight, if there are problems."""
        checked = self._draft.checked
        if checked.config is None:
            tell(self, f"Cannot be {done} yet: {checked.problems[0]}", "warning")
            self._form.focus_option(checked.problems[0].where)
        return checked.config

    def action_save(self) -> None:
        if self._config_without_problems("saved") is not None:
            self._files.ask_where()

    def action_load(self) -> None:
        self._files.ask_which()

    def action_new(self) -> None:
        self._files.begin_anew()

    def action_reset_option(self) -> None:
        name = self._form.focused_name
        if name is not None:
            self.use_texts({name: default_text(SPECS[name])})

    def action_copy_command(self) -> None:
        self.app.copy_to_clipboard(self._draft.command_line)
        tell(self, "Copied the command")

    @property
    def _form(self) -> OptionForm:
        return self.query_one(OptionForm)

    @on(Input.Changed, "#train-search")
    def _searched(self, event: Input.Changed) -> None:
        self._show_filtered(search=event.value)

    @on(Input.Submitted)
    def _next_after_enter(self) -> None:
        self._form.move(1)

    def _show_filtered(self, **changes: Any) -> None:
        self._filter = replace(self._filter, **changes)
        wrong = {problem.where for problem in self._draft.checked.problems}
        self._form.show_only(self._filter.names(self._draft, wrong))

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
        self._form.move(by)

    def action_back(self) -> None:
        if self.query_one(SearchLine).close():
            self._form.focus_last()
        elif self.has_class("-plan-on"):
            self.action_toggle_plan()
        else:
            self._form.focus()  # out of the text field, so that single letters are keys again
