"""`phi chat`: a streaming conversation with the base or the adapter, line by line."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from phi_core.chat.engine import BASE, Chunk, Engine
from phi_core.chat.messages import Message
from phi_core.cli.flags import Device, Dtype, Model, PromptFormat, PromptTemplate, RunName, RunsDir
from phi_core.cli.output import say
from phi_core.cli.target import open_engine, target_of
from phi_core.config.sampling import Sampling, sampling_from
from phi_core.errors import ConfigError, EngineFailed
from phi_core.plain_text import plain

HELP = """Type a question and press Enter. Ctrl-C stops an answer, Ctrl-D leaves.
  /base  /adapter   who answers from now on        /clear        forget the conversation
  /temp X           temperature, 0 = likeliest     /tokens N     longest answer
  /system TEXT      system message                 /help  /quit"""


@dataclass
class Session:
    """What the prompt loop remembers."""

    engine: Engine
    target: str
    sampling: Sampling
    system: str | None = None
    history: list[Message] = field(default_factory=list)


def chat(
    *,
    model: Model = None,
    adapter: str | None = None,
    run: RunName = None,
    temperature: str = "0",
    top_p: str = "1",
    max_new_tokens: str = "256",
    seed: str = "42",
    system: str | None = None,
    prompt_format: PromptFormat = "auto",
    prompt_template: PromptTemplate = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    runs_dir: RunsDir = None,
) -> int:
    """Chat with a model. Questions may also come from a pipe, one a line.

    Parameters
    ----------
    adapter
        Folder of an adapter.
    temperature
        Randomness; 0 is greedy.
    top_p
        Draw among the likeliest tokens of this total probability.
    max_new_tokens
        Longest answer, in tokens.
    seed
        Seed of the draws.
    system
        System message.
    """
    values = {"temperature": temperature, "top_p": top_p, "max_new_tokens": max_new_tokens, "seed": seed}
    sampling = _required_sampling(values)
    engine = open_engine(
        target_of(
            model,
            [adapter] if adapter else None,
            run,
            runs_dir,
            prompt_format=prompt_format,
            prompt_template=prompt_template,
        ),
        device=device,
        dtype=dtype,
    )
    try:
        session = Session(engine, engine.info.targets[-1], sampling, system)
        _loop(session, interactive=sys.stdin.isatty())
    finally:
        engine.close()
    return 0


def _required_sampling(values: dict[str, str]) -> Sampling:
    sampling, problems = sampling_from(values, where="--")
    if problems:
        raise ConfigError(
            "the command line has a problem",
            [replace(problem, where=problem.where.replace("--.", "--")) for problem in problems],
        )
    return sampling


def _loop(session: Session, *, interactive: bool) -> None:
    if interactive:
        with suppress(ImportError):
            import readline  # noqa: F401  line editing and history for input()
        info = session.engine.info
        say(f"{info.model_name} · {info.proof.sentence()}\n{HELP}")
    while (text := _question(session, interactive)) is not None:
        if text.startswith("/"):
            if not _command(session, text):
                return
        elif text.strip():
            _answer(session, text)


def _question(session: Session, interactive: bool) -> str | None:
    """The next line, None at the end of input."""
    try:
        if interactive:
            return input(f"\n{plain(session.target)}> ")
        line = sys.stdin.readline()
        return line.rstrip("\n") if line else None
    except EOFError:
        print()
        return None
    except KeyboardInterrupt:
        say("\nCtrl-D leaves")
        return ""


def _command(session: Session, text: str) -> bool:
    """Carry out a slash command; False to leave."""
    name, _, rest = text[1:].partition(" ")
    commands: dict[str, Callable[[], None]] = {
        "help": lambda: say(HELP),
        "clear": session.history.clear,
        "base": lambda: _switch(session, BASE),
        "adapter": lambda: _switch(session, session.engine.info.targets[-1]),
        "temp": lambda: _set(session, "temperature", rest),
        "tokens": lambda: _set(session, "max_new_tokens", rest),
        "system": lambda: setattr(session, "system", rest.strip() or None),
    }
    if name in ("quit", "exit"):
        return False
    commands.get(name, lambda: say(f"no command /{name}\n{HELP}"))()
    return True


def _switch(session: Session, target: str) -> None:
    session.target = target
    say(f"{target} answers now")


def _set(session: Session, name: str, value: str) -> None:
    sampling, problems = sampling_from({**session.sampling.model_dump(), name: value}, where="")
    if problems:
        say(str(problems[0]).removeprefix("."))
    else:
        session.sampling = sampling


def _answer(session: Session, text: str) -> None:
    """Stream one answer. A stopped one stays in the history as far as it came."""
    system = [Message("system", session.system)] if session.system else []
    question = Message("user", text)
    pieces: list[str] = []
    stream = session.engine.stream([*system, *session.history, question], session.target, session.sampling)
    try:
        for chunk in stream:
            pieces.append(chunk.text)
            print(plain(chunk.text), end="", flush=True)
        _end(chunk)
    except KeyboardInterrupt:
        stream.close()  # type: ignore[attr-defined]
        say(" [stopped]")
    except EngineFailed as error:
        say(f"\n{error}")
        return
    session.history += [question, Message("assistant", "".join(pieces))]


def _end(chunk: Chunk) -> None:
    print(" [cut at the longest answer]" if chunk.finish_reason == "length" else "", flush=True)
