"""Upload a folder to the hub, when a person asked for it. The token is read from HF_TOKEN or from `hf auth login`.

It goes to huggingface_hub and nowhere else: it is neither kept nor shown. A new repository is private unless asked
otherwise; one that is public already is not written to by somebody who thinks it private.
"""

import os
import re
from pathlib import Path

from phi_core.errors import RequestError, WorkError

REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_LOGIN = (
    "Set HF_TOKEN to a token that may write (https://huggingface.co/settings/tokens), or run `hf auth login`"
)


def require_pushable(name: str) -> None:
    """RequestError if the name is none of the hub's, there is no token, or the hub is switched off here."""
    if not REPOSITORY.fullmatch(name):
        raise RequestError(f"{name!r} is no repository of the hub", "Name it OWNER/NAME")
    from huggingface_hub import get_token
    from huggingface_hub.constants import HF_HUB_OFFLINE

    if HF_HUB_OFFLINE:
        raise RequestError("the hub is switched off by HF_HUB_OFFLINE", "Unset it, or export without --push")
    if not get_token():
        raise RequestError("there is no token for the hub", _LOGIN)


def push(folder: Path, name: str, *, public: bool) -> str:
    """Upload every file in one commit; returns the address. Creates the repository if it is not there.

    WorkError if the hub refuses or cannot be reached, RequestError if the repository is public and `public` is not set.
    """
    require_pushable(name)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    api = HfApi()
    try:
        api.create_repo(name, private=not public, exist_ok=True)
        if not public and not api.model_info(name).private:
            raise RequestError(f"{name} is there and is public", "Add --public, or name another repository")
        done = api.upload_folder(repo_id=name, folder_path=folder, commit_message="Export from phi")
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        remedy = _LOGIN if status in (401, 403) else f"The export is in {folder}; upload it later"
        raise WorkError(f"the hub refused the upload to {name} ({status})", remedy) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise WorkError(
            f"the hub cannot be reached ({type(error).__name__})",
            f"The export is in {folder}; upload it later",
        ) from None
    except Exception as error:  # the hub's HTTP library has errors of its own, and has changed before
        if not type(error).__module__.startswith(("httpx", "httpcore", "requests")):
            raise
        raise WorkError(
            f"the hub cannot be reached ({type(error).__name__})",
            f"The export is in {folder}; upload it later",
        ) from None
    return str(done.repo_url)
