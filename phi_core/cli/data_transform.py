"""`phi data transform`: rows of a file, changed and written anew."""

from pathlib import Path

from phi_core.cli.data_progress import progress_line
from phi_core.cli.flags import Whole
from phi_core.cli.output import number, say
from phi_core.config.option import items
from phi_core.data.row_filter import condition
from phi_core.data.sources.file_kind import file_part
from phi_core.data.transforms import Transformed, Transforms, transform
from phi_core.errors import RequestError
from phi_core.files import user_path
from phi_core.samples.progress import counting
from phi_core.schedules.golden_ratio import GOLDEN_RATIO


def transform_file(
    input: str,
    output: str,
    /,
    *,
    rename: str | None = None,
    filter: list[str] | None = None,
    deduplicate: bool = False,
    deduplicate_by: str | None = None,
    scale: str | None = None,
    factor: str | None = None,
    divide: bool = False,
    normalise: str | None = None,
    upper: str | None = None,
    smooth: str | None = None,
    window: Whole | None = None,
    select: str | None = None,
    overwrite: bool = False,
) -> int:
    """Change the rows of a CSV or JSON-lines file: names, choice of rows and fields, numbers.

    Steps are done in the order in which they stand here. Values that no step touches keep their value; CSV values are
    text also when they go to JSON lines. If any row is at fault, nothing is written.

    Parameters
    ----------
    input
        A file of rows: .csv, .tsv, .jsonl, .json or .parquet; all but the last also with .gz.
    output
        The file to write: .csv, .tsv or .jsonl. In CSV, null and missing fields are empty cells.
    rename
        OLD=NEW, several with commas. All that follows uses the new names.
    filter
        Rows to keep: "FIELD = VALUE" (or != < <= > >=), "FIELD contains TEXT", "FIELD matches PATTERN",
        "FIELD exists", "FIELD missing". Repeat it for several conditions that must all hold.
    deduplicate
        Keep the first of equal rows.
    deduplicate_by
        Keep the first of the rows that are equal in these fields.
    scale
        Numeric fields to multiply by --factor, which must be given. Empty cells, null and NaN stay as they are, here and below.
    factor
        A number, or golden for 1.618…
    divide
        Divide by --factor instead.
    normalise
        Numeric fields to bring to 0 … --upper: the least number becomes 0, the greatest --upper; constant ones 0.
    upper
        A number, or golden for 1.618… [default: 1].
    smooth
        Numeric fields to replace by the weighted mean of the rows around, with weights 1, 1, 2, 3, 5 …: later rows
        weigh more.
    window
        Rows of that mean, an odd number [default: 5].
    select
        Fields to keep, in this order.
    overwrite
        Replace OUTPUT if it exists. It may be INPUT.
    """
    _require_effect(scale, smooth, normalise, factor=factor, divide=divide, window=window, upper=upper)
    steps = Transforms(
        rename=_pairs(rename),
        filters=tuple(map(condition, filter or ())),
        deduplicate=_names(deduplicate_by) if deduplicate_by else () if deduplicate else None,
        scale=_names(scale),
        factor=1 if factor is None else _golden_or_number("factor", factor),
        divide=divide,
        normalise=_names(normalise),
        upper=_golden_or_number("upper", upper or "1"),
        smooth=_names(smooth),
        window=5 if window is None else window,
        select=_names(select),
    )
    part, target = file_part(user_path(input), text_unit="auto"), user_path(output)
    with progress_line() as on_progress:
        done = transform(
            part, target, steps, overwrite=overwrite, on_progress=counting(on_progress, 2 * part.num_bytes)
        )
    _print(done, steps, target)
    return 0


def _print(done: Transformed, steps: Transforms, target: Path) -> None:
    say(f"rows in      {done.rows_in:,}")
    for old, new in steps.rename:
        say(f"renamed      {old} to {new}")
    for text, count in done.dropped:
        say(f"dropped      {count:,} that {'does' if count == 1 else 'do'} not satisfy {text}")
    if steps.deduplicate is not None:
        equal = f" equal in {', '.join(steps.deduplicate)}" if steps.deduplicate else ""
        say(f"duplicates   {done.num_duplicates:,} dropped{equal}")
    if steps.scale:
        how = "divided" if steps.divide else "multiplied"
        say(f"scaled       {_values(done.num_scaled)} of {', '.join(steps.scale)} {how} by {steps.factor}")
    for name, found in done.ranges.items():
        has_any = found.least <= found.greatest
        say(
            f"normalised   {name} from {number(found.least)} … {number(found.greatest)} to 0 … {number(steps.upper)}"
            if has_any
            else f"normalised   {name}: no numbers"
        )
    if steps.smooth:
        rows = f"over windows of {steps.window} rows"
        say(f"smoothed     {_values(done.num_smoothed)} of {', '.join(steps.smooth)} {rows}")
    if steps.select:
        say(f"selected     {', '.join(steps.select)}")
    say(f"rows out     {done.rows_out:,} in {target}")


def _values(count: int) -> str:
    return f"{count:,} value{'' if count == 1 else 's'}"


def _require_effect(scale: str | None, smooth: str | None, normalise: str | None, **given: object) -> None:
    needs = {"factor": ("scale", scale), "divide": ("scale", scale), "window": ("smooth", smooth)}
    needs["upper"] = ("normalise", normalise)
    for name, (other, present) in needs.items():
        if given[name] not in (None, False) and not present:
            raise RequestError(f"--{name} has no effect without --{other}")
    if scale and given["factor"] is None:
        raise RequestError("--scale needs --factor", "Such as --factor 2, or --factor golden for 1.618…")


def _names(text: str | None) -> tuple[str, ...]:
    """Names with commas between them; a comma within a name stands after a backslash."""
    return tuple(dict.fromkeys(items(text or "")))


def _pairs(text: str | None) -> tuple[tuple[str, str], ...]:
    pairs = tuple(tuple(map(str.strip, pair.split("=", 1))) for pair in _names(text))
    for pair in pairs:
        if len(pair) < 2 or not all(pair):
            raise RequestError(f"rename {text}: must be OLD=NEW, several with commas")
    return tuple((pair[0], pair[1]) for pair in pairs)


def _golden_or_number(name: str, text: str) -> int | float:
    if text == "golden":
        return GOLDEN_RATIO
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise RequestError(f"--{name} {text}: must be a number or golden") from None
