"""The `phi` command: the table of commands, and how errors end.

Exit status: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted. Errors go to standard error as one
paragraph; a traceback only with --debug. Options are written with `_`; `-` is accepted too.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from phi_core import __version__
from phi_core.errors import PhiError
from phi_core.plain_text import plain

COMMANDS = {
    "demo": (
        "phi_core.cli.demo:demo",
        "Write the bundled tiny model, dataset, question set and train.yaml: everything then works offline.",
    ),
    "wizard": (
        "phi_core.cli.wizard:wizard",
        "Set a project up by questions: model, data, settings; then train and evaluate. Every question is also a flag.",
    ),
    "train": (
        "phi_core.cli.train:train",
        "Start a run. Ctrl-C stops it after the current step with a checkpoint.",
    ),
    "plan": (
        "phi_core.cli.plan:plan",
        "Steps, tokens, trainable parameters, memory, learning-rate curve and problems of a run, without starting it.",
    ),
    "chat": (
        "phi_core.cli.chat:chat",
        "Chat with a model. Questions may also come from a pipe, one a line.",
    ),
    "compare": (
        "phi_core.cli.compare:compare",
        "Put the same questions to the base model and to adapters of it. Without --questions: a prompt loop.",
    ),
    "votes": (
        "phi_core.cli.votes:votes",
        "Vote blind on the answers of a comparison: left, right, tie or both bad; and export preference pairs.",
    ),
    "eval": (
        "phi_core.cli.evaluate:evaluate",
        "Loss and perplexity of the answers in a file, for the base and for each adapter.",
    ),
    "search": (
        "phi_core.cli.search:search",
        "Search for better settings by real runs. Ctrl-C stops the run under way with a checkpoint; the same command goes on.",
    ),
    "export": (
        "phi_core.cli.export:export",
        "Write an adapter, or the base with the adapter merged in, as a folder for other programs.",
    ),
    "layers": (
        "phi_core.cli.layers:layers",
        "The layers of a model in groups, with counts and the size of an adapter on each; and the goals with their targets.",
    ),
    "guide": (
        "phi_core.cli.guide:guide",
        "How to set up a run, read its curves and mend what went wrong. Without a chapter: the list of them.",
    ),
    "doctor": ("phi_core.cli.doctor:doctor", "Devices, memory, kernels, versions, cache and disk."),
    "tui": ("phi_core.cli.tui:tui", "Open the full-screen app."),
    "runs list": ("phi_core.cli.runs:list_runs", "All runs, newest first."),
    "runs show": ("phi_core.cli.runs:show", "One run: state, losses, plot, and what to do next."),
    "runs watch": (
        "phi_core.cli.runs:watch",
        "Follow a run to its end. Ctrl-C ends the watching, not the run.",
    ),
    "runs stop": (
        "phi_core.cli.runs:stop",
        "End a run after its current step, with a checkpoint that it can be resumed from.",
    ),
    "runs pause": (
        "phi_core.cli.runs:pause",
        "Write a checkpoint and leave the device; `phi runs continue` goes on.",
    ),
    "runs continue": ("phi_core.cli.runs:continue_run", "Go on with a paused run."),
    "runs checkpoint": ("phi_core.cli.runs:checkpoint", "Write a checkpoint after the current step."),
    "runs evaluate": (
        "phi_core.cli.steering:evaluate",
        "Measure the validation loss after the current step.",
    ),
    "runs set-lr": (
        "phi_core.cli.steering:set_lr",
        "Give the learning-rate curve another peak from the next step on.",
    ),
    "runs extend": (
        "phi_core.cli.steering:extend",
        "Add optimizer steps to a run. One that has ended is started again from its newest checkpoint.",
    ),
    "runs answers": (
        "phi_core.cli.run_answers:answers",
        "The answers to the probe prompts over time; step 0 is before training.",
    ),
    "runs resume": (
        "phi_core.cli.runs:resume",
        "Go on after the newest checkpoint, as if the run had never ended.",
    ),
    "runs diff": (
        "phi_core.cli.run_difference:diff",
        "Two runs: options, data and versions that differ, their curves in one plot, and their figures.",
    ),
    "runs analyse": (
        "phi_core.cli.run_analysis:analyse",
        "Convergence of a run on its own curves: slope, over-fitting, divergence, plateau, steps to a target.",
    ),
    "runs export": (
        "phi_core.cli.run_metrics:export_metrics",
        "Metrics of every step and validation as CSV or JSON, one row a step.",
    ),
    "runs storage": (
        "phi_core.cli.run_storage:show_storage",
        "What each run takes on the disk, by kind, and what prepared data takes.",
    ),
    "runs clean": (
        "phi_core.cli.run_storage:clean",
        "Free disk space: old checkpoints, failed runs, prepared data. Shows what would go, then asks.",
    ),
    "runs label": ("phi_core.cli.runs:label", "Give a run a name, tags or a note."),
    "runs delete": ("phi_core.cli.runs:delete", "Delete a run's folder."),
    "queue list": (
        "phi_core.cli.queue:list_queue",
        "The runs that wait, the next one first, and why each waits.",
    ),
    "queue add": (
        "phi_core.cli.queue:add",
        "Queue a run that has ended early, at the end: it goes on after its newest checkpoint.",
    ),
    "queue move": (
        "phi_core.cli.queue:move_run",
        "Move a queued run so many places to the front (-1) or to the end (1); 0 is the next one to start.",
    ),
    "queue remove": (
        "phi_core.cli.queue:remove_run",
        "Take a run out of the queue. It stays, and can be started (`phi runs resume`) or queued again.",
    ),
    "queue start": ("phi_core.cli.queue:start", "Start a queued run now, whatever memory is free."),
    "queue run": (
        "phi_core.cli.queue:run_queue",
        "Start the queued runs as memory allows, until none waits. For a systemd unit or cron; else phi does it unasked.",
    ),
    "presets list": (
        "phi_core.cli.presets:list_presets",
        "All presets with their effective batch and the memory that the formula expects for a model on this machine.",
    ),
    "presets show": (
        "phi_core.cli.presets:show",
        "One preset: its settings, its source, and the memory that the formula expects.",
    ),
    "presets save": (
        "phi_core.cli.presets:save",
        "Keep options of a configuration file, of flags, or of both, as a preset of yours.",
    ),
    "presets delete": ("phi_core.cli.presets:delete", "Delete a preset of yours."),
    "data check": (
        "phi_core.cli.data:check",
        "Check every record of a file. Exit status 2 if any is faulty.",
    ),
    "data split": (
        "phi_core.cli.data_split:split_files",
        "Split records into train.jsonl, validation.jsonl and test.jsonl, with none on two sides.",
    ),
    "data mix": (
        "phi_core.cli.data_mix:mix",
        "Shares and repetitions of several sources in a run; with --output its records in their order.",
    ),
    "data transform": (
        "phi_core.cli.data_transform:transform_file",
        "Change the rows of a CSV or JSON-lines file: names, choice of rows and fields, numbers.",
    ),
    "data preview": (
        "phi_core.cli.data_preview:preview",
        "What a run would train on, token by token: figures, the launch gate, typical and worst records.",
    ),
    "data prepare": (
        "phi_core.cli.data_prepare:prepare_data",
        "Tokenise data once into a ready dataset. Training and eval of the same data then start at once.",
    ),
}
"""Command → function and the first sentence of its docstring, so that the list of commands imports none of them."""
GROUPS = {
    "runs": "List, watch, steer and clean up runs.",
    "queue": "Runs that wait for memory on a device.",
    "data": "Look at datasets before a run.",
    "presets": "Settings with a name: built in and your own.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # bytes of another encoding cost a letter, not the command
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    sys.exit(run([word for word in words if word != "--debug"], debug=debug))


def run(words: Sequence[str], *, debug: bool = False) -> int:
    """The exit status of one command."""
    try:
        status = command_table()(
            [underscored(word) for word in words], exit_on_error=False, print_error=False
        )
        sys.stdout.flush()
        return int(status or 0)
    except UnusedCliTokensError as error:
        word = " ".join(error.unused_tokens or ())
        return _fail(f"{word}: not expected here. Flags take no value: --NAME is on, --no_NAME is off.", 2)
    except CycloptsError as error:
        return _fail(f"{error}\n`phi --help` lists the commands, `phi COMMAND --help` their options.", 2)
    except PhiError as error:
        if debug:
            raise
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone: nothing more to say, and nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        return _fail(f"{type(error).__name__}: {error}\nThis is a fault of phi; --debug shows where.", 1)


def command_table() -> App:
    """Every command by name; the modules are imported when one is called or described."""
    app = App(
        name="phi",
        help="Fine-tune language models in a terminal.",
        version=__version__,
        help_format="plaintext",
        default_parameter=Parameter(name_transform=str, negative=()),
        result_action="return_value",
    )
    groups = {name: App(name=name, help=help) for name, help in GROUPS.items()}
    for words, (target, sentence) in COMMANDS.items():
        group, _, name = words.rpartition(" ")
        groups.get(group, app).command(target, name=name, help=sentence)
    for part in groups.values():
        app.command(part)
    return app


def underscored(word: str) -> str:
    """Long options with `_` whichever way they were typed; values and cyclopts' own options are left alone."""
    if not word.startswith("--") or word == "--":
        return word
    name, equals, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def _fail(message: str, status: int) -> int:
    print(f"phi: {plain(message)}", file=sys.stderr)
    return status
