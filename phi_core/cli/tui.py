"""`phi tui`: the full-screen app."""


def tui(config: str | None = None, /, *, tab: str = "train", runs_dir: str | None = None) -> int:
    """Open the full-screen app.

    Parameters
    ----------
    config
        A YAML file to start the form with.
    tab
        The tab to open: train, runs, chat, compare or data.
    runs_dir
        Folder of the runs [default: PHI_RUNS_DIR, else ./runs].
    """
    from phi_core.cli.queue import look_after
    from phi_core.runs.store import runs_root
    from phi_tui.__main__ import start

    look_after(runs_root(runs_dir))
    return start(config=config, tab=tab, runs_dir=runs_dir)
