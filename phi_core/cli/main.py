"""The `phi` command: the table of commands, and how errors end.

Exit status: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted. Errors go to standard error as one
paragraph; a traceback only with --debug. Options are written with `_`; `-` is accepted too.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from phi_core import __version__
from phi_core.errors import PhiError
from phi_core.plain_text import plain

COMMANDS = {
    "demo": "phi_core.cli.demo:demo",
    "train": "phi_core.cli.train:train",
    "plan": "phi_core.cli.plan:plan",
    "chat": "phi_core.cli.chat:chat",
    "compare": "phi_core.cli.compare:compare",
    "eval": "phi_core.cli.evaluate:evaluate",
    "doctor": "phi_core.cli.doctor:doctor",
    "tui": "phi_core.cli.tui:tui",
}
RUN_COMMANDS = {
    "list": "list_runs",
    "show": "show",
    "watch": "watch",
    "stop": "stop",
    "pause": "pause",
    "continue": "continue_run",
    "checkpoint": "checkpoint",
    "resume": "resume",
    "label": "label",
    "delete": "delete",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
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
    for name, target in COMMANDS.items():
        app.command(target, name=name)
    runs = App(name="runs", help="List, watch, steer and clean up runs.")
    for name, function in RUN_COMMANDS.items():
        runs.command(f"phi_core.cli.runs:{function}", name=name)
    data = App(name="data", help="Look at datasets before a run.")
    data.command("phi_core.cli.data:check", name="check")
    app.command(runs)
    app.command(data)
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
