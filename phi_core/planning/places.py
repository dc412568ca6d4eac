"""Where phi keeps what belongs to a person on this machine, and to no project."""

import os
from pathlib import Path

from platformdirs import user_config_dir, user_state_dir


def state_directory() -> Path:
    """PHI_STATE_DIR, or where this system keeps what programs remember."""
    return Path(os.environ.get("PHI_STATE_DIR") or user_state_dir("phi"))


def config_directory() -> Path:
    """PHI_CONFIG_DIR, or where this system keeps what people configure."""
    return Path(os.environ.get("PHI_CONFIG_DIR") or user_config_dir("phi"))
