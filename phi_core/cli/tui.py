"""`phi tui`: the full-screen app."""

from typing import Annotated

from cyclopts import Parameter


def tui(
    config: str | None = None,
    /,
    *,
    tab: str | None = None,
    runs_dir: str | None = None,
    theme: str | None = None,
    ascii: bool = False,
    no_mouse: Annotated[bool, Parameter(name="--no-mouse")] = False,
    low_bandwidth: Annotated[bool, Parameter(name="--low-bandwidth")] = False,
) -> int:
    """Open the full-screen app.

    Parameters
    ----------
    config
        A YAML file to start the form with.
    tab
        The tab to open: train, runs, chat, compare or data [default: the one that was open last].
    runs_dir
        Folder of the runs [default: PHI_RUNS_DIR, else ./runs].
    theme
        Colours for this time, such as nord or ansi-dark [default: those that were chosen last].
    ascii
        Plain signs for frames, curves and states.
    no_mouse
        Leave the mouse to the terminal, which then selects text with it.
    low_bandwidth
        Send less, for slow lines.
    """
    from phi_tui.__main__ import start
    from phi_tui.display import Display

    display = Display(theme=theme or "", is_ascii=ascii, has_mouse=not no_mouse, is_slow=low_bandwidth)
    return start(config=config, tab=tab, runs_dir=runs_dir, display=display)
