"""`phi wizard`: guided set-up of a project, by questions, by flags, or by defaults alone."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from phi_core.cli.demo import program
from phi_core.cli.options import with_training_options
from phi_core.cli.output import say
from phi_core.cli.wizard_dialogue import Cancelled, Defaults, Dialogue, Lines, walk
from phi_core.cli.wizard_draft import Draft, given_config, run_config
from phi_core.cli.wizard_project import evaluation_data
from phi_core.cli.wizard_steps import QUESTIONS, STEPS, parent_folder
from phi_core.config.option import shown
from phi_core.errors import ConfigError
from phi_core.planning.machine import this_machine

OPENING = "Enter takes the value in brackets; b goes back, q ends. Nothing is made before the summary's yes."


@with_training_options
def wizard(
    *,
    auto: bool = False,
    project: str | None = None,
    projects_dir: str | None = None,
    write_split: Annotated[bool | None, Parameter(negative="--no_write_split")] = None,
    prepare: Annotated[bool | None, Parameter(negative="--no_prepare")] = None,
    train: Annotated[bool | None, Parameter(negative="--no_train")] = None,
    evaluate: Annotated[bool | None, Parameter(negative="--no_evaluate")] = None,
    yes: bool = False,
    **given: Any,
) -> int:
    """Set a project up by questions: model, data, settings; then train and evaluate. Every question is also a flag.

    What is given as a flag is not asked; settings that are not given are suggested from this machine's memory, the model
    and the data, whatever their defaults in training are. Without --auto the answers are read as lines, from a terminal or a pipe.

    Parameters
    ----------
    auto
        Ask nothing: every default is taken. Needs no terminal.
    project
        Name of the project and its folder [default: the model's].
    projects_dir
        Folder that the project's folder is made in [default: this one].
    write_split
        Write the split as datasets/raw/train.jsonl and validation.jsonl [default: for data up to 1 GiB].
    prepare
        Tokenise the data when the project is made [default: if the tokenizer is on this machine].
    train
        Train at once [default: no].
    evaluate
        After training: perplexity of base and adapter on the validation records [default: no].
    yes
        Make the project without asking at the end.
    """
    own = {
        "project": project,
        "write_split": write_split,
        "prepare": prepare,
        "train": train,
        "evaluate": evaluate,
        "yes": yes or None,
    }
    flags = {name: value for name, value in {**given, **own}.items() if value is not None}
    values = {name: value for name, value in given.items() if value is not None}
    try:
        done = _walked(Draft(this_machine(), parent_folder(projects_dir), values), flags, auto=auto)
    except (Cancelled, KeyboardInterrupt):
        say("\ncancelled: nothing was created")
        return 130
    return _next(done)


def _walked(draft: Draft, flags: Mapping[str, Any], *, auto: bool) -> Draft:
    config = given_config(draft)  # what is wrong in the flags is told before anything is asked
    if config.output_dir is not None:
        raise ConfigError(
            f"output_dir {config.output_dir} is not for a project: its runs go to PROJECT/runs",
            remedy="Name the project's place with --projects_dir and --project",
        )
    dialogue: Dialogue = Defaults(STEPS) if auto else Lines(STEPS)
    if not auto:
        say(OPENING)
    return walk(draft, QUESTIONS, flags, dialogue)


def _next(draft: Draft) -> int:
    """Train and evaluate as was asked for; how to go on."""
    assert draft.created is not None, "the walk ends with a project"
    _tell_next(draft, draft.created)
    status = _trained(draft.created) if draft.trains else 0
    return _evaluated(draft, draft.created) if draft.evaluates and status == 0 else status


def _trained(folder: Path) -> int:
    from phi_core.cli.train import train

    say()
    return train(str(folder / "train.yaml"), runs_dir=str(folder / "runs"))


def _evaluated(draft: Draft, folder: Path) -> int:
    from phi_core.cli.evaluate import evaluate

    config = run_config(draft)
    say()
    return evaluate(
        data=evaluation_data(draft, folder),
        run="latest",
        runs_dir=str(folder / "runs"),
        record_format=config.record_format,
        columns=shown(config.columns),
        on_bad_record=config.on_bad_record,
    )


def _tell_next(draft: Draft, folder: Path) -> None:
    phi = program()
    data = evaluation_data(draft, folder)
    say(f"\nTo go on:\n\n  cd {shlex.quote(str(folder))}")
    if not draft.trains:
        say(f"  {phi} plan train.yaml\n  {phi} data preview train.yaml\n  {phi} train train.yaml")
    if data and not draft.evaluates:
        words = " ".join(f"--data {shlex.quote(item)}" for item in data)
        say(f"  {phi} eval --run latest {words}")
    say(f"  {phi} chat --run latest\n  {phi} tui")
