"""`phi-tui`, and the door of `phi tui`: looks at the terminal first and loads the app only if it can be shown.

Exit status 2 and one line on standard error where there is no terminal.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from phi_tui.display import Display
from phi_tui.themes import THEMES, theme_trouble

TABS = ("train", "runs", "chat", "compare", "data")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the app."""
    given = _parser().parse_args(arguments)
    display = Display(
        theme=given.theme or "",
        is_ascii=given.ascii,
        has_mouse=not given.no_mouse,
        is_slow=given.low_bandwidth,
    )
    return start(config=given.config, tab=given.tab, runs_dir=given.runs_dir, display=display)


def start(
    *,
    config: str | None = None,
    tab: str | None = None,
    runs_dir: str | None = None,
    display: Display | None = None,
) -> int:
    """Open the app on a runs folder, with a configuration in the form if one is named."""
    display = display or Display()
    trouble = _trouble(tab) or theme_trouble(display.theme) or _terminal_trouble()
    if trouble:
        print(f"phi tui: {trouble}", file=sys.stderr)
        return 2
    return _run(Path(config) if config else None, tab, runs_dir, display)


def _trouble(tab: str | None) -> str:
    """Why there is no such tab, "" if there is."""
    known = tab in (None, *TABS)
    return "" if known else f"there is no tab {tab!r}; tabs are {', '.join(TABS)}"


def _terminal_trouble() -> str:
    """Why the app cannot be shown, "" if it can."""
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return (
            "needs a terminal on standard input, output and error; `phi --help` lists commands that need none"
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        return f"the terminal type TERM={os.environ.get('TERM', '')!r} cannot show a full screen; `phi --help` lists commands that need none"
    return ""


def _run(config: Path | None, tab: str | None, runs_dir: str | None, display: Display) -> int:
    from phi_core.runs.store import runs_root
    from phi_tui.app import PhiApp

    app = PhiApp(runs_root(runs_dir).resolve(), tab=tab, config_path=config, display=display)
    app.run(mouse=display.has_mouse)
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
    parser.add_argument("--theme", help=f"colours for this time: {', '.join(THEMES)}")
    parser.add_argument("--ascii", action="store_true", help="plain signs for frames, curves and states")
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.add_argument("--low-bandwidth", action="store_true", help="send less, for slow lines")
    return parser


if __name__ == "__main__":
    sys.exit(main())
