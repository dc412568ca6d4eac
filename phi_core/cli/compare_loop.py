"""The prompt loop of `phi compare`: each line a question to every model, their answers one below the other.

All models answer from one batch; the first one's words are printed as they come, and the others' follow, from where they
are by then. Every question stands alone. Lines may also come from a pipe.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from phi_core.chat.engine import Ask, Chunk, Engine
from phi_core.chat.messages import conversation
from phi_core.cli.output import say
from phi_core.config.option import shown
from phi_core.config.sampling import Sampling, sampling_from
from phi_core.errors import EngineFailed
from phi_core.plain_text import plain

HELP = """Type a question and press Enter: every model answers it.
Ctrl-C stops the answers, Ctrl-D leaves.
  /set NAME VALUE  temperature, top_p, top_k, repetition_penalty,
                   max_new_tokens, seed; /set alone: what is set
  /system TEXT     system message; without TEXT none
  /help  /quit"""
SHORT = {"temp": "temperature", "tokens": "max_new_tokens"}
"""Commands of their own, as in `phi chat`."""


@dataclass
class Session:
    """What the prompt loop remembers."""

    engine: Engine
    sampling: Sampling
    system: str | None = None


def prompt_loop(open_engine: Callable[[], Engine]) -> int:
    """Answer lines until they end."""
    engine = open_engine()
    try:
        _loop(Session(engine, Sampling()), interactive=sys.stdin.isatty())
    finally:
        engine.close()
    return 0


def _loop(session: Session, *, interactive: bool) -> None:
    info = session.engine.info
    say(f"{info.model_name} · {info.proof.sentence()}")
    if interactive:
        with suppress(ImportError):
            import readline  # noqa: F401  line editing and history for input()
        say(HELP)
    while (text := _question(interactive)) is not None:
        if text.startswith("/"):
            if not _command(session, text):
                return
        elif text.strip():
            _answer(session, text)


def _question(interactive: bool) -> str | None:
    """The next line, None at the end of input."""
    try:
        if interactive:
            return input("\ncompare> ")
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
    if name in ("quit", "exit"):
        return False
    if name in SHORT:
        _set(session, f"{SHORT[name]} {rest}")
    elif name == "set":
        _set(session, rest)
    elif name == "system":
        session.system = rest.strip() or None
    else:
        say(HELP if name == "help" else f"no command /{name}\n{HELP}")
    return True


def _set(session: Session, text: str) -> None:
    """One setting, or none; afterwards all are told, unless the value was wrong."""
    name, _, value = text.strip().partition(" ")
    settings = session.sampling.model_dump()
    if name and name not in settings:
        return say(f"there is no setting {name!r}. There are {', '.join(settings)}")
    sampling, problems = sampling_from(settings | ({name: value.strip()} if name else {}), where="")
    if problems:
        return say(str(problems[0]).removeprefix("."))
    session.sampling = sampling
    say(" · ".join(f"{key} {shown(value)}" for key, value in sampling.model_dump().items()))


def _answer(session: Session, text: str) -> None:
    """The answers of all models. Ctrl-C stops them all."""
    messages = tuple(conversation(text, system=session.system))
    targets = session.engine.info.targets
    asks = [Ask(messages, target, session.sampling) for target in targets]
    printer = Printer(targets)
    pieces = session.engine.stream_batch(asks)
    try:
        for position, piece in pieces:
            printer.hear(position, piece)
    except KeyboardInterrupt:
        pieces.close()  # type: ignore[attr-defined]
        printer.stop()
    except EngineFailed as error:
        say(f"\n{error}")


class Printer:
    """Prints several answers one below the other, while all of them are being given."""

    def __init__(self, targets: tuple[str, ...]) -> None:
        self._targets = targets
        self._waiting = ["" for _ in targets]
        self._ends: list[str | None] = [None for _ in targets]
        self._now = 0
        self._begin()

    def hear(self, position: int, piece: Chunk | EngineFailed) -> None:
        if isinstance(piece, EngineFailed):
            self._ends[position] = f" [{piece}]"
        else:
            self._waiting[position] += piece.text
            if piece.finish_reason is not None:
                self._ends[position] = (
                    " [cut at the longest answer]" if piece.finish_reason == "length" else ""
                )
        self._print()

    def stop(self) -> None:
        """All that was heard, as far as it came."""
        self._ends = [" [stopped]" if end is None else end for end in self._ends]
        self._print()

    def _print(self) -> None:
        while self._now < len(self._targets):
            print(plain(self._waiting[self._now]), end="", flush=True)
            self._waiting[self._now] = ""
            end = self._ends[self._now]
            if end is None:
                return
            say(end)
            self._now += 1
            self._begin()

    def _begin(self) -> None:
        if self._now < len(self._targets):
            print(f"  {plain(self._targets[self._now])}: ", end="", flush=True)
