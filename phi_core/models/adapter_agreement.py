"""Whether adapters belong to one base, and to one another: same weights, same tokens, same prompt format.

Reads their records only; whether their matrices fit is found out in `adapter_check`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from phi_core.chat.engine import BASE
from phi_core.chat.prompt_format import PromptFormat
from phi_core.errors import AdapterError
from phi_core.models.adapter_record import recorded_fingerprint, recorded_format, require_same_ids
from phi_core.models.base import BaseModel


def require_same_base(base: BaseModel, adapters: Mapping[str, Path]) -> None:
    """AdapterError if one was trained on other weights or tokens than the base's, or is labelled as the base."""
    if BASE in adapters:
        raise AdapterError(
            f"an adapter is labelled {BASE!r}, which means the base model", "Use another label"
        )
    for path in adapters.values():
        require_trained_on(base, path)
        require_same_ids(path, base.tokenizer)


def require_trained_on(base: BaseModel, adapter: Path, *, what: str = "adapter", how: str = "") -> None:
    """AdapterError if its record names other weights. `what` it is to the user, and `how` its base can be named."""
    recorded = recorded_fingerprint(adapter)
    if recorded and recorded != base.fingerprint:
        raise AdapterError(
            f"{what} {adapter} was trained on other weights than those of {base.name}",
            f"Name the base that it was trained on{how}",
        )


def agreed_format(base: BaseModel, adapters: Iterable[Path]) -> PromptFormat:
    """The format that the adapters were trained with; the base's own if none is recorded.

    Where they differ only in the date that a template is told, the first adapter's date is told to all.
    """
    found = [form for path in adapters if (form := recorded_format(path))]
    if not all(found[0].equals_but_for_date(form) for form in found):
        raise AdapterError(
            "the adapters were trained with different prompt formats", "Compare them one at a time"
        )
    return found[0] if found else base.form
