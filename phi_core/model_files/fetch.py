"""Download files of a hub model into the local cache: all of them, or those that tell what it is and how it tokenises."""

from collections.abc import Sequence
from pathlib import Path

from phi_core.errors import ModelError

ALL_FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "*.py")
WITHOUT_WEIGHTS = (
    *("config.json", "generation_config.json", "tokenizer*.json", "special_tokens_map.json"),
    *("added_tokens.json", "vocab*", "merges.txt", "*.jinja", "tokenizer.model"),
)
"""A few megabytes: enough for a plan and a preview."""


def fetch(name: str, revision: str | None = None, *, files: Sequence[str]) -> Path:
    """The folder with these files. ModelError that says whether the model is missing, gated or unreachable."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(files)))
    except GatedRepoError:
        raise ModelError(
            f"model {name} is gated",
            f"Accept its licence at https://huggingface.co/{name}, then set HF_TOKEN",
        ) from None
    except RepositoryNotFoundError:
        raise ModelError(
            f"there is no model {name} on the hub", "Check the id, or give a local folder"
        ) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        cause = type(error).__name__
        raise ModelError(
            f"model {name} is not on this machine and the hub cannot be reached ({cause})",
            "Give a local folder; `demo` names the bundled model",
        ) from None
