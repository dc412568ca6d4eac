"""TrainActions: what the keys of the Train tab do beyond the form itself: launch, queue, files, the editor, dialogs, copies.

Of a view that holds a draft. What is planned, made and written happens beside the screen.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from textual.containers import Container

from phi_core.config.problems import SPECS
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError, Problem
from phi_core.planning.several import Variant, variants
from phi_tui.clipboard import copy
from phi_tui.draft import Draft, default_text
from phi_tui.form_editor import FormEditor
from phi_tui.form_files import FormFiles
from phi_tui.form_yaml import whole_yaml, yaml_of
from phi_tui.launcher import Launcher
from phi_tui.plan_keeper import PlanKeeper
from phi_tui.screens.pick import Pick
from phi_tui.screens.queue_several import QueueSeveral
from phi_tui.train_dialogs import TrainDialogs
from phi_tui.widgets.option_form import OptionForm
from phi_tui.widgets.plain import tell

if TYPE_CHECKING:
    from phi_tui.app import PhiApp
    from phi_tui.views.train import TrainView


class TrainActions(Container):
    """`draft` is the form as it is; `use_texts` changes it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        view = cast("TrainView", self)
        self.plan = PlanKeeper(view)
        self.launcher = Launcher(self, self._accept)
        self.files = FormFiles(view)
        self.dialogs = TrainDialogs(view, self.plan)
        self._editor = FormEditor(view)
        self._varied = ""
        self._again: Callable[[], None] = self.action_launch

    @property
    def draft(self) -> Draft:
        raise NotImplementedError

    def use_texts(self, texts: Mapping[str, str]) -> None:
        raise NotImplementedError

    @property
    def form(self) -> OptionForm:
        return self.query_one(OptionForm)

    def action_launch(self) -> None:
        self._again = self.action_launch
        config = self._config_without_problems("launched")
        if config is not None:
            app = cast("PhiApp", self.app)
            self.launcher.launch(config, app.runs_root, self.draft.command)

    def action_queue(self) -> None:
        if self._config_without_problems("queued") is not None:
            self.app.push_screen(QueueSeveral(self.draft, self._varied), self._queue)

    def _queue(self, line: str | None) -> None:
        """Queue the form as it is, or every combination of the line."""
        if line is None:
            return
        self._varied, self._again = line, lambda: self._queue(line)
        config = self._config_without_problems("queued")
        if config is None:
            return
        try:
            found = variants(line, self.draft.texts) if line else (Variant({}, config),)
        except ConfigError as error:
            return tell(self, str(error), "warning")
        asked = [(variant, self.draft.with_texts(variant.values).command) for variant in found]
        self.launcher.queue(asked, cast("PhiApp", self.app).runs_root)

    def _accept(self, names: Sequence[str]) -> None:
        self.use_texts({"accept": self.draft.with_items("accept", names)})
        self._again()

    def _config_without_problems(self, done: str) -> TrainingConfig | None:
        """The configuration; None, and what is wrong in sight, if there are problems."""
        checked = self.draft.checked
        if checked.config is None:
            self._show_problems(done, checked.problems)
        return checked.config

    def _show_problems(self, done: str, problems: Sequence[Problem]) -> None:
        """One problem is a notice at its option; of several the person picks the one to go to."""
        if len(problems) == 1:
            tell(self, f"Cannot be {done} yet: {problems[0]}", "warning")
            return self.form.focus_option(problems[0].where)
        title = f"Cannot be {done} yet: {len(problems)} problems. Which first?"
        self.app.push_screen(
            Pick(title, [str(problem) for problem in problems]),
            lambda place: self.form.focus_option(problems[place].where) if place is not None else None,
        )

    def action_start(self) -> None:
        self.dialogs.open_start()

    def action_edit(self) -> None:
        self._editor.edit()

    def action_layers(self) -> None:
        self.dialogs.open_layers()

    def action_schedules(self) -> None:
        self.dialogs.open_schedules()

    def action_memory(self) -> None:
        self.dialogs.open_memory()

    def action_save(self) -> None:
        if self._config_without_problems("saved") is not None:
            self.files.ask_where()

    def action_reset_option(self) -> None:
        name = self.form.focused_name
        if name is not None:
            self.use_texts({name: default_text(SPECS[name])})

    def action_copy(self) -> None:
        """The command line, or the YAML: what differs from the defaults, or all as ctrl+s writes it."""
        draft = self.draft
        count = len(draft.texts)
        offers = (
            (f"The command line: {draft.command_line}", draft.command_line, "the command line"),
            (f"YAML of the {count} options that differ from the defaults", yaml_of(draft), "the YAML"),
            ("YAML of every option, as ctrl+s writes it", whole_yaml(draft), "the YAML"),
        )
        self.app.push_screen(
            Pick("Copy", [offer[0] for offer in offers]),
            lambda place: copy(self.app, *offers[place][1:]) if place is not None else None,
        )
