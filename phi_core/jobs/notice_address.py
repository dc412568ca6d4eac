"""Whether a webhook's address is there when a run is launched: found out late, nobody would be told of the run's end."""

import os

from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError


def require_notice_address(config: TrainingConfig) -> None:
    """ConfigError if the environment has no address under the name that notify_webhook gives. The address is not shown."""
    variable = config.notify_webhook
    if variable is not None and not os.environ.get(variable, "").startswith(("http://", "https://")):
        raise ConfigError(
            f"notify_webhook: the environment variable {variable} holds no http address",
            remedy=f"Set it before the start: export {variable}=https://…",
        )
