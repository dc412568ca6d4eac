"""What planning found wrong, beside the field that it is about: a path that is not there, data with faults, a model that cannot be had.

`config.problems` reads no file; this does, in a thread. Knows no widget.
"""

from phi_core.config.option import items
from phi_core.config.problems import SPECS
from phi_core.config.training import TrainingConfig
from phi_core.errors import AdapterError, ConfigError, DataError, ModelError, PhiError, Problem
from phi_core.files import user_path
from phi_core.plain_text import one_line
from phi_tui.draft import Draft
from phi_tui.plan_text import Preview, make_preview

FILES = ("prompt_template", "accelerate_config")
FIELDS: dict[type[PhiError], str] = {
    DataError: "dataset_path",
    ModelError: "model_name",
    AdapterError: "initial_adapter",
}
LONGEST = 160


def preview_of(config: TrainingConfig) -> Preview:
    """The plan in words. ConfigError for files that are missing, PhiError for a request that cannot work."""
    if missing := _missing(config):
        raise ConfigError("a file that the form names is missing", missing)
    return make_preview(config)


def beside_fields(error: Exception, draft: Draft) -> tuple[Problem, ...]:
    """The error as problems of options, () if it is about none."""
    if isinstance(error, ConfigError):
        return tuple(problem for problem in error.problems if problem.where in SPECS)
    field = next((name for kind, name in FIELDS.items() if isinstance(error, kind)), None)
    if field is None:
        return ()
    assert isinstance(error, PhiError)
    text = one_line(f"{error.what.rstrip('.')}. {error.remedy}".strip(), LONGEST)
    return (Problem(_of_validation(field, text, draft), text),)


def _of_validation(field: str, text: str, draft: Draft) -> str:
    """Which of the two options that name data: the one whose item stands in the text."""
    if field == "dataset_path" and not any(item in text for item in items(draft.text(field))):
        named = items(draft.text("validation_path"))
        return "validation_path" if any(item in text for item in named) else field
    return field


def _missing(config: TrainingConfig) -> list[Problem]:
    named = ((name, getattr(config, name)) for name in FILES)
    return [Problem(name, f"{text} does not exist") for name, text in named if text and not _is_file(text)]


def _is_file(text: str) -> bool:
    try:
        return user_path(text).is_file()
    except (PhiError, OSError):
        return False
