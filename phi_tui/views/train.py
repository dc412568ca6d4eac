"""TrainView: the form of a run, what the run would do, and its launch.

Holds the draft; `config.problems` judges it, services plan, save and start. Nothing is read or written here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.timer import Timer
from textual.widgets import Input, Static

from phi_core.config.problems import SPECS
from phi_core.config.training import TrainingConfig
from phi_tui.config_files import Opened, open_config, save_config
from phi_tui.data_tokens import progress_words
from phi_tui.draft import Draft, config_line, default_text, explained
from phi_tui.keys import TRAIN, bindings
from phi_tui.launcher import Launcher
from phi_tui.messages import Done, Failed, Progressed, Remember
from phi_tui.option_filter import OptionFilter
from phi_tui.plan_text import Preview, make_preview
from phi_tui.screens.ask import Ask
from phi_tui.screens.ask_place import ask_place
from phi_tui.screens.confirm import Confirm
from phi_tui.services import Latest, start
from phi_tui.widgets.field import FieldEdited, FieldFocused
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.plain import PlainStatic, tell
from phi_tui.widgets.plan_panel import PlanPanel
from phi_tui.widgets.search_line import SearchLine

if TYPE_CHECKING:
    from phi_tui.app import PhiApp

PLAN_DELAY_SECONDS = 0.4
HINT = "New here? `phi demo` writes an example; [b]ctrl+o[/b] opens its train.yaml."
FIRST_CONFIG = Path("train.yaml")


class TrainView(Container):
    """Form on the left, plan on the right or in its place, explanation of the focused option below."""

    HELP: ClassVar[str] = """\
Every line is one option. Type into a field; **space** turns a choice. `●` marks what differs from the default.
The plan is made anew as you type: it is the same plan that the run will execute. Counts of tokens are exact if the
tokenizer is on this machine, else estimated; memory is a formula, not a measurement. `phi demo` writes an example.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(TRAIN, "train")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draft = self._baseline = Draft()
        self._config_path: Path | None = None
        self._filter = OptionFilter()
        self._planner = Latest(self, "plan")
        self._plan_timer: Timer | None = None
        self._launcher = Launcher(self, self._accept)

    def compose(self) -> ComposeResult:
        yield PlainStatic(id="train-title")
        yield Static(HINT, id="train-hint")
        yield SearchLine(id="train-search")
        with Horizontal(id="train-body"):
            yield OptionForm(SPECS, self._draft, id="form")
            yield PlanPanel(id="plan")
        yield PlainStatic(id="train-help")
        yield PlainStatic(id="train-summary")

    def on_mount(self) -> None:
        self._show_draft()

    def enter(self) -> None:
        is_plan_seen = self.has_class("-plan-on") and self.screen.has_class("-narrow")
        (self._panel.focus if is_plan_seen else self._form.focus_last)()

    def leave(self) -> None:
        return

    def open_config(self, path: Path) -> None:
        """Read a configuration file into the form."""
        start(self, "open", lambda: open_config(path))

    def offer_config(self, path: Path) -> None:
        """Open a configuration file, but ask before unsaved changes are lost."""
        self._give_up_changes("Open", lambda: self.open_config(path))

    @property
    def draft(self) -> Draft:
        """The form as it is."""
        return self._draft

    def use_texts(self, texts: Mapping[str, str]) -> None:
        """Put these texts into the form, and leave its other options."""
        self._take(self._draft.with_texts(texts), self._baseline, self._config_path)

    def restore(self, values: Mapping[str, Any]) -> None:
        """The remembered draft; the file it came from if nothing was changed since; else ./train.yaml if there is one."""
        draft, baseline = Draft(values.get("draft", {})), Draft(values.get("baseline", {}))
        config = values.get("config", "")
        if draft == baseline and (config or FIRST_CONFIG.exists()):
            return self.open_config(Path(config or FIRST_CONFIG))
        self._take(draft, baseline, Path(config) if config else None)

    @on(FieldEdited)
    def _edited(self, event: FieldEdited) -> None:
        edited = self._draft.edited(event.name, event.text)
        if edited != self._draft:
            self._draft = edited
            self._draft_changed()

    def _take(self, draft: Draft, baseline: Draft, path: Path | None) -> None:
        self._draft, self._baseline, self._config_path = draft, baseline, path
        self._form.fill(draft)
        self._draft_changed()

    def _draft_changed(self) -> None:
        self._show_draft()
        drafts = {"draft": dict(self._draft.texts), "baseline": dict(self._baseline.texts)}
        self.post_message(Remember({**drafts, "config": str(self._config_path or "")}))

    def _show_draft(self) -> None:
        problems, warnings = self._draft.checked.problems, self._draft.checked.warnings
        self._form.show_state(self._draft, problems, warnings)
        is_saved = self._draft == self._baseline and self._config_path is not None
        title = config_line(self._config_path, self._draft, is_saved=is_saved)
        self.query_one("#train-title", PlainStatic).show(title)
        self.query_one("#train-hint").display = not self._draft.texts and self._config_path is None
        self._panel.show_command(self._draft.command_line)
        self._show_filtered()
        self._plan_soon()

    @on(FieldFocused)
    def _explain(self, event: FieldFocused) -> None:
        self.query_one("#train-help", PlainStatic).show(explained(SPECS[event.name]))

    def _plan_soon(self) -> None:
        if self._plan_timer:
            self._plan_timer.stop()
        self._plan_timer = self.set_timer(PLAN_DELAY_SECONDS, self._plan)
        self._panel.show_waiting()

    def _plan(self) -> None:
        config, problems = self._draft.checked.config, self._draft.checked.problems
        if config is None:
            self._planner.cancel()
            self._show_trouble("\n".join(map(str, problems)), len(problems))
        else:
            self._planner.submit(lambda: make_preview(config))

    def _show_preview(self, preview: Preview) -> None:
        self._panel.show_preview(preview)
        self._summary.show(preview.headline, "$text-warning" if preview.warnings else "")

    def _show_trouble(self, text: str, count: int = 1) -> None:
        self._panel.show_trouble(text)
        first = text.partition("\n")[0]
        self._summary.show(f"{count} problems: {first}" if count > 1 else first, "$text-error")

    def on_done(self, event: Done) -> None:
        event.stop()
        match event.task, event.result:
            case "plan", Preview() as preview if self._planner.awaits(event):
                self._show_preview(preview)
            case "open", Opened() as opened:
                self._opened(opened)
            case "save", Path() as path:
                self._take(self._draft, self._draft, path)
                tell(self, f"Saved {path}")
            case "create", Path() as path:
                self._launcher.created(path)
                self._plan_soon()

    def on_progressed(self, event: Progressed) -> None:
        """A launch whose data is large and not prepared yet."""
        self._summary.show(f"launching: preparing the data, {progress_words(event.progress)}", "$accent")

    def on_failed(self, event: Failed) -> None:
        event.stop()
        if event.task == "plan":
            return self._show_trouble(event.text) if self._planner.awaits(event) else None
        if event.task == "create":
            self._plan_soon()
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
        config = self._config_without_problems("launched")
        if config is not None:
            self._launcher.launch(config, cast("PhiApp", self.app).runs_root, self._draft.command)

    def _accept(self, names: Sequence[str]) -> None:
        self.use_texts({"accept": self._draft.with_items("accept", names)})
        self.action_launch()

    def _config_without_problems(self, done: str) -> TrainingConfig | None:
        """The configuration; None, and the first problem in sight, if there are problems."""
        checked = self._draft.checked
        if checked.config is None:
            tell(self, f"Cannot be {done} yet: {checked.problems[0]}", "warning")
            self._form.focus_option(checked.problems[0].where)
        return checked.config

    def action_save(self) -> None:
        if self._config_without_problems("saved") is not None:
            suggestion = str(self._config_path or FIRST_CONFIG)
            ask_place(self.app, "Save the options to", suggestion, ours=self._config_path, then=self._save)

    def _save(self, path: Path) -> None:
        config = self._draft.checked.config
        if config is not None:
            start(self, "save", lambda: save_config(path, config))

    def action_load(self) -> None:
        ask = Ask("Open which YAML file?", str(self._config_path or ""), is_path=True)
        self.app.push_screen(ask, lambda answer: self.offer_config(Path(answer)) if answer else None)

    def action_new(self) -> None:
        self._give_up_changes("Start anew", lambda: self._take(Draft(), Draft(), None))

    def _give_up_changes(self, verb: str, work: Callable[[], None]) -> None:
        if self._draft == self._baseline:
            return work()
        question = Confirm("Forget the unsaved changes?", verb)
        self.app.push_screen(question, lambda is_sure: work() if is_sure else None)

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

    @property
    def _panel(self) -> PlanPanel:
        return self.query_one(PlanPanel)

    @property
    def _summary(self) -> PlainStatic:
        return self.query_one("#train-summary", PlainStatic)

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
