"""The engine of a choice: a model in a process of its own, or an endpoint. Starts it; waits for nothing."""

from collections.abc import Callable

from phi_core.chat.engine import Engine
from phi_core.jobs.remote_engine import RemoteEngine
from phi_tui.engine_choice import ModelChoice

EngineFactory = Callable[[ModelChoice], Engine]


def remote_engine(choice: ModelChoice) -> Engine:
    """An engine in a process of its own, or an endpoint."""
    if choice.endpoint:
        from phi_core.jobs.openai_engine import OpenAIEngine  # speaks HTTP, which few chats need

        return OpenAIEngine(choice.endpoint, label=choice.label)
    return RemoteEngine(
        choice.model_name,
        choice.adapters,
        revision=choice.revision,
        trust_remote_code=choice.trust_remote_code,
    )
