"""`phi-tui`, and the door of `phi tui`: looks at the terminal first and loads the app only if it can be shown.

Exit status 2 and one line on standard error where there is no terminal.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

TABS = ("train", "runs", "chat", "compare", "data")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the app."""
    given = _parser().parse_args(arguments)
    return start(config=given.config, tab=given.tab, runs_dir=given.runs_dir)


def start(*, config: str | None = None, tab: str | None = None, runs_dir: str | None = None) -> int:
    """Open the app on a runs folder, with a configuration in the form if one is named."""
    trouble = _trouble(tab)
    if trouble:
        print(f"phi tui: {trouble}", file=sys.stderr)
        return 2
    return _run(Path(config) if config else None, tab, runs_dir)


def _trouble(tab: str | None) -> str:
    """Why the app cannot be shown, "" if it can."""
    if tab not in (None, *TABS):
        return f"there is no tab {tab!r}; tabs are {', '.join(TABS)}"
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return (
            "needs a terminal on standard input, output and error; `phi --help` lists commands that need none"
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        return f"the terminal type TERM={os.environ.get('TERM', '')!r} cannot show a full screen; `phi --help` lists commands that need none"
    return ""


def _run(config: Path | None, tab: str | None, runs_dir: str | None) -> int:
    from phi_core.runs.store import runs_root
    from phi_tui.app import PhiApp

    app = PhiApp(runs_root(runs_dir).resolve(), tab=tab, config_path=config)
    app.run()
    if not os.isatty(sys.stdin.fileno()):
        os._exit(
            app.return_code or 0
        )  # the terminal is gone, and a thread of Textual's reads from it for ever
    if app.farewell:
        print(app.farewell)
    return app.return_code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="phi-tui", description="Set up, watch and try fine-tuning runs, full-screen."
    )
    parser.add_argument("config", nargs="?", help="a YAML file to start the form with")
    parser.add_argument("--tab", choices=TABS, help="the tab to open (default: the one that was open last)")
    parser.add_argument("--runs_dir", help="folder of the runs (default: PHI_RUNS_DIR, else ./runs)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
