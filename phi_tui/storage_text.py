"""What takes room on the disk, what would go and what was freed, in lines. Pure text.

Names of runs are returned on one line; widgets pass them through the plain-text gate. Knows no widget.
"""

from phi_core.plain_text import one_line
from phi_tui.storage_work import Going, Used, Wish

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
MOST = 200
"""Lines of a list: the largest stand first."""


def size(count: float) -> str:
    """812 B, 3.4 MiB, 12 GiB."""
    unit = 0
    while count >= 1024 and unit < len(UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.3g} {UNITS[unit]}" if count < 1000 else f"{count:.0f} {UNITS[unit]}"


def used_text(told: Used) -> str:
    """The whole, then each run."""
    lines = [
        f"{size(told.run_bytes):>9}  {_count(len(told.runs), 'run')} together",
        f"{size(told.prepared_bytes):>9}  prepared data: {_count(len(told.prepared), 'dataset')}",
        "",
        *(
            f"{size(use.total):>9}  {one_line(use.run.name, 48)}  {use.state}: {_kinds(use.checkpoints, use.final_adapter)}"
            for use in told.runs[:MOST]
        ),
    ]
    return "\n".join(lines)


def going_text(plan: Going) -> str:
    """Each thing that would go, the largest first."""
    told = [
        (item.bytes, f"{one_line(item.run.name, 48)}  {item.why}{_folder(item.path.name, item.run.name)}")
        for item in plan.folders
    ]
    told += [(item.bytes, f"prepared data {item.folder.name[:16]}") for item in plan.prepared]
    lines = [f"{size(count):>9}  {words}" for count, words in sorted(told, key=lambda pair: -pair[0])]
    left_out = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join([*lines[:MOST], *left_out])


def going_line(plan: Going) -> str:
    """How much would be freed."""
    if plan.wish.is_empty:
        return "Nothing is chosen to go yet."
    if not plan.count:
        return "Nothing fits what is chosen: there is nothing to free by it."
    return f"{size(plan.bytes)} in {_count(plan.count, 'folder')} would be freed."


def freed_line(done: Going, plan: Going) -> str:
    passed = plan.count - done.count
    more = f"; {passed} passed over: in use again, or gone" if passed else ""
    return f"Freed {size(done.bytes)}{more}"


def wish_lines(wish: Wish) -> tuple[tuple[str, str], ...]:
    """What the keys choose, each with its key."""
    rules = wish.rules
    keep = "all" if rules.keep_checkpoints is None else f"the newest {rules.keep_checkpoints}, and the best"
    return (
        ("c", f"checkpoints that stay in each run: {keep}"),
        ("f", f"failed and lost runs go: {_yes(rules.failed)}"),
        ("p", f"prepared data goes (it is prepared again when needed): {_yes(wish.has_prepared)}"),
        ("o", f"only what is older than: {f'{rules.days:.0f} days' if rules.days else 'no matter'}"),
        ("a", f"best checkpoints and failed runs with an adapter too: {_yes(rules.adapters_too)}"),
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _yes(choice: bool) -> str:
    return "yes" if choice else "no"


def _folder(folder: str, run: str) -> str:
    return f" {folder}" if folder != run else ""


def _kinds(checkpoints: int, adapter: int) -> str:
    return f"checkpoints {size(checkpoints)}, adapter {size(adapter)}"
