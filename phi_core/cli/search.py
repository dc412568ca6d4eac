"""`phi search`: settings tried by real runs, the best repeated with other seeds, and an honest verdict."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from phi_core.cli.data_progress import progress_line
from phi_core.cli.flags import Json, Whole
from phi_core.cli.options import configured, with_training_options
from phi_core.cli.output import duration, number, print_json, say
from phi_core.cli.search_report import report_record, report_text
from phi_core.cli.watching import Interrupts, ProgressPrinter
from phi_core.config.training import TrainingConfig
from phi_core.config.yaml_file import read_values
from phi_core.errors import ConfigError, Problem
from phi_core.files import user_path
from phi_core.jobs.training_job import portable
from phi_core.plain_text import one_line
from phi_core.planning.machine import this_machine
from phi_core.planning.run_plan import RunPlan, make_plan
from phi_core.runs.reader import Run
from phi_core.samples.gate import require_open
from phi_core.search.proposals import Method, require_method
from phi_core.search.space import Space, grid, parse_space, size, words_of_space
from phi_core.search.study import Request, open_study
from phi_core.search.study import search as search_study
from phi_core.search.trial_run import TrialRuns
from phi_core.search.trials import Trial
from phi_core.search.verdict import MIN_SEEDS, in_words

DEFAULT_TRIALS = 20


@with_training_options
def search(
    config: str | None = None,
    /,
    *,
    space: Annotated[
        list[str] | None,
        Parameter(
            help="NAME=VALUES: a range 1e-5..1e-3, with :log evenly in the logarithm; or choices 8,13,21 (of a list option between bars: q_proj|auto). Repeat it for each option."
        ),
    ] = None,
    space_file: str | None = None,
    method: Method = "tpe",
    trials: Whole | None = None,
    max_minutes: float | None = None,
    repeats: Whole = 3,
    finalists: Whole = 3,
    retry_failed: bool = False,
    study: str | None = None,
    json: Json = False,
    **given: Any,
) -> int:
    """Search for better settings by real runs. Ctrl-C stops the run under way with a checkpoint; the same command goes on.

    Parameters
    ----------
    config
        A YAML file of options; flags win over it.
    space_file
        A YAML file of options to vary, NAME: VALUES or NAME: [list of choices]; --space wins over it.
    method
        tpe: learns from the trials (needs the extra `hpo`); random: independent draws; grid: every combination.
    trials
        Settings to try besides the unchanged configuration [default: 20; grid: all].
    max_minutes
        End after the run under way; the search leaves time for the repeats.
    repeats
        Other seeds that the best settings and the unchanged configuration are run with; 0: no verdict.
    finalists
        So many of the best settings are run again.
    retry_failed
        Go on with failed trials too: the cause was the machine, not the setting.
    study
        Folder of the search; one that is there goes on [default: studies/ and the name of CONFIG].
    """
    settings = configured(config, given)
    found, problems = _space(space or [], space_file, settings)
    problems += _request_problems(settings, method, trials, max_minutes, repeats, finalists)
    if problems:
        count = len(problems)
        raise ConfigError(f"the search has {count} problem{'s' if count > 1 else ''}", problems)
    if method == "grid":
        grid(found)  # refuses ranges
    require_method(method)
    plan = _plan(settings)
    request = Request(
        space=found,
        method=method,
        seed=settings.seed,
        unchanged={dimension.name: getattr(settings, dimension.name) for dimension in found},
        trials=trials or (None if method == "grid" else DEFAULT_TRIALS),
        repeats=repeats,
        finalists=finalists,
        max_minutes=max_minutes,
        retry_failed=retry_failed,
    )
    folder = user_path(study) if study else Path("studies") / (Path(config).stem if config else "search")
    return _carried_out(folder, request, settings, plan, config=config, given=given, json=json)


def _carried_out(
    folder: Path,
    request: Request,
    settings: TrainingConfig,
    plan: RunPlan,
    *,
    config: str | None,
    given: dict[str, Any],
    json: bool,
) -> int:
    facts = {
        "configuration": portable(settings).model_dump(mode="json"),
        "data": plan.facts()["dataset_fingerprint"],
    }
    with open_study(folder, request, facts) as log, Interrupts() as interrupts:
        told = _Told(request, interrupts, folder, json=json)
        told.begin()
        runs = TrialRuns(
            portable(settings),
            folder / "runs",
            _facts,
            command=["phi", *sys.argv[1:]],
            interrupts=lambda: interrupts.count,
            watch=told.watch,
        )
        result = search_study(
            log,
            request,
            runs,
            on_begin=told.trial_begins,
            on_end=told.trial_ends,
            is_interrupted=lambda: interrupts.count > 0,
        )
    command = ["phi", "train", *([config] if config else [])]
    chosen = {name: value for name, value in given.items() if value is not None}
    if json:
        print_json(report_record(folder, request, result, command, chosen))
    else:
        say(report_text(folder, request, result, command, chosen, settings.model_name))
    return 130 if result.ending == "interrupted" else 0


class _Told:
    """Tells of trials as they begin, go on and end; remembers the Ctrl-C that it has answered."""

    def __init__(self, request: Request, interrupts: Interrupts, folder: Path, *, json: bool) -> None:
        self._request, self._interrupts, self._folder = request, interrupts, folder
        self._out = sys.stderr if json else sys.stdout
        self._printer = ProgressPrinter(self._out)
        self._answered = 0

    def begin(self) -> None:
        request = self._request
        space = " · ".join(f"{dimension.name} {dimension.text}" for dimension in request.space)
        count = request.trials or size(request.space)
        self._printer.note(f"study {self._folder} · {count} trials by {request.method} · {space}")

    def trial_begins(self, trial: Trial) -> None:
        if self._out.isatty():
            self._printer.note(f"{self._name(trial)} · {in_words(trial.values)}")

    def watch(self, run: Run) -> None:
        if self._out.isatty():
            self._printer.show(run)
        if self._interrupts.count > self._answered:
            self._answered = self._interrupts.count
            self._printer.note(
                "stopping after this step, with a checkpoint; Ctrl-C again ends it at once"
                if self._answered == 1
                else "ended at once"
            )

    def trial_ends(self, trial: Trial) -> None:
        loss = (
            trial.state
            if trial.validation_loss is None
            else f"validation loss {number(trial.validation_loss)}"
        )
        parts = [self._name(trial), in_words(trial.values), loss, one_line(trial.cause)]
        self._printer.note(" · ".join([*filter(None, parts), duration(trial.seconds), f"run {trial.run}"]))

    def _name(self, trial: Trial) -> str:
        seed = "" if trial.seed == self._request.seed else f" again, seed {trial.seed}"
        return f"trial {trial.number}{seed}"


def _space(words: list[str], file: str | None, settings: TrainingConfig) -> tuple[Space, list[Problem]]:
    from_file = read_values(user_path(file)) if file else {}
    from_words, problems = words_of_space(words)
    if not (from_file or words):
        problems.append(Problem("space", "no option to vary", "Such as --space learning_rate=1e-5..1e-3:log"))
    space, more = parse_space({**from_file, **from_words}, settings)
    return space, problems + more


def _request_problems(
    settings: TrainingConfig,
    method: Method,
    trials: int | None,
    max_minutes: float | None,
    repeats: int,
    finalists: int,
) -> list[Problem]:
    return [
        Problem(name, what, remedy)
        for is_wrong, name, what, remedy in (
            (trials is not None and trials < 1, "trials", f"must be ≥ 1, got {trials}", ""),
            (
                trials is not None and method == "grid",
                "trials",
                "a grid takes every combination",
                "Leave --trials out, or take --method random",
            ),
            (
                max_minutes is not None and not 0 < max_minutes < float("inf"),
                "max_minutes",
                f"must be a number > 0, got {max_minutes}",
                "",
            ),
            (
                repeats < 0 or 0 < repeats < MIN_SEEDS,
                "repeats",
                f"must be 0 or ≥ {MIN_SEEDS}, got {repeats}",
                "Fewer seeds give no interval",
            ),
            (finalists < 1, "finalists", f"must be ≥ 1, got {finalists}", ""),
            (bool(settings.output_dir), "output_dir", "a search names its runs itself", "Use --study"),
        )
        if is_wrong
    ]


def _plan(settings: TrainingConfig) -> RunPlan:
    """What the unchanged configuration would do. ConfigError if it would measure no validation loss."""
    with progress_line() as on_progress:
        plan = make_plan(settings, on_progress=on_progress)
    require_open(plan.gate)
    if not plan.num_validation_records:
        held = Problem(
            "validation_fraction", "no record is held out", "Set it above 0, or name validation_path"
        )
        raise ConfigError("a search compares validation losses, and there is no validation", [held])
    for warning in plan.warnings(this_machine()):
        print(f"phi: note: {warning}", file=sys.stderr)
    return plan


def _facts(config: TrainingConfig) -> dict[str, Any]:
    plan = make_plan(config)
    require_open(plan.gate)
    return plan.facts()
