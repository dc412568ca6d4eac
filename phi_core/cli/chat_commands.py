"""The slash commands of `phi chat`, each a function of the session and what was typed after its name."""

from collections.abc import Callable
from pathlib import Path

from phi_core.chat.engine import BASE
from phi_core.chat.transcript_file import export, new_chat_path
from phi_core.chat.turns import STRONGEST, Conversation
from phi_core.cli.chat_answers import answer, answer_again
from phi_core.cli.chat_session import Session, chats_folder, earlier_chat, who_words
from phi_core.cli.target import checkpoint_adapters
from phi_core.config.sampling import Sampling, sampling_from
from phi_core.errors import EngineLost, PhiError, RequestError
from phi_core.files import user_path

HELP = """Type a question and press Enter. Ctrl-C stops an answer, Ctrl-D leaves; // sends a text that begins with a slash.
  /base  /adapter NAME    who answers from now on      /both            base and adapter together, and back
  /checkpoint N|newest    a checkpoint of the run      /strength X      of the adapter: 0 is the base, at most 2
  /retry                  ask the last question again  /undo            take the last question back
  /edit N TEXT            ask question N anew as TEXT; without N the last one, without TEXT to be edited here
  /set NAME VALUE         temperature, top_p, …        /system TEXT     system message
  /save FILE  /load FILE  write, go on with a chat     /clear           begin a new one
  /help  /quit"""


def carry_out(session: Session, line: str) -> bool:
    """Carry out a line that begins with a slash; False to leave. What is wrong is told."""
    name, _, rest = line[1:].partition(" ")
    if name in ("quit", "exit"):
        return False
    command = COMMANDS.get(name)
    try:
        if command is None:
            raise RequestError(
                f"there is no command /{name}", "/help lists them; // sends a text with a slash"
            )
        command(session, rest.strip())
    except EngineLost as error:
        session.is_lost = True
        session.tell(f"{error}\nYour conversation is kept; ask again to load the model.")
        session.status = max(session.status, 1)
    except PhiError as error:
        session.tell(str(error))
        session.status = max(session.status, error.exit_status)
    except KeyboardInterrupt:
        session.tell(f"/{name} was given up")
    return True


def base(session: Session, _rest: str) -> None:
    _switch(session, BASE)


def adapter(session: Session, rest: str) -> None:
    """By its name; a folder is loaded; without a name the one loaded last."""
    targets = session.engine.info.targets
    if not rest:
        return _switch(session, targets[-1])
    if rest in targets:
        return _switch(session, rest)
    folder = user_path(rest)
    if not (folder / "adapter_config.json").is_file():
        raise RequestError(
            f"no model is loaded as {rest!r}, and no adapter is in a folder of this name",
            f"Loaded are {', '.join(targets)}",
        )
    session.add(folder.resolve().name, folder)
    _tell_who(session)


def checkpoint(session: Session, rest: str) -> None:
    """A checkpoint of the run, which may be running."""
    run = session.loaded.run
    if run is None:
        raise RequestError("the model is not of a run", "Start with --run latest")
    [(label, path)] = checkpoint_adapters(run, [rest or "newest"]).items()
    try:
        session.add(label, path)
    except EngineLost:
        raise
    except PhiError:
        if not (path / "adapter_config.json").is_file():
            raise RequestError(
                f"{label} is gone: its run keeps only its newest checkpoints", "/checkpoint newest"
            ) from None
        raise
    _tell_who(session)


def both(session: Session, _rest: str) -> None:
    if len(session.engine.info.targets) < 2:
        raise RequestError("there is only one model", "Start with --run or --adapter")
    session.is_both = not session.is_both
    _tell_who(session)


def strength(session: Session, rest: str) -> None:
    session.strength = strength_from(rest, where="/strength")
    _tell_who(session)


def strength_from(text: str, *, where: str) -> float:
    """RequestError for what is no number from 0 to 2."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0.0 <= found <= STRONGEST:
        raise RequestError(f"{where} must be a number from 0 to {STRONGEST:g}, got {text!r}")
    return found


def set_option(session: Session, rest: str) -> None:
    """One option of the sampling; without a value all are told."""
    name, _, value = rest.partition(" ")
    if not rest:
        return session.tell(
            "\n".join(f"{key} {value}" for key, value in session.sampling.model_dump().items())
        )
    if name not in Sampling.model_fields:
        raise RequestError(f"there is no option {name!r}", f"There are {', '.join(Sampling.model_fields)}")
    sampling, problems = sampling_from({**session.sampling.model_dump(), name: value.strip()}, where="")
    if problems:
        raise RequestError(str(problems[0]).removeprefix("."))
    session.sampling = sampling


def system(session: Session, rest: str) -> None:
    session.system = rest


def retry(session: Session, _rest: str) -> None:
    _require_turns(session)
    answer_again(session)


def undo(session: Session, _rest: str) -> None:
    _require_turns(session)
    session.conversation = session.conversation.cut(len(session.conversation.turns) - 1)
    session.keep()


def edit(session: Session, rest: str) -> None:
    """`N TEXT`, `TEXT`, `N` or nothing; without TEXT the question is put into the next prompt."""
    _require_turns(session)
    turns = session.conversation.turns
    first, _, after = rest.partition(" ")
    has_number = first.isdecimal() and 1 <= int(first) <= len(turns)
    place, text = (int(first) - 1, after.strip()) if has_number else (len(turns) - 1, rest)
    if text:
        session.conversation = session.conversation.cut(place)
        return answer(session, text)
    if not session.interactive:
        raise RequestError("/edit has no text", "Give /edit N TEXT")
    session.draft = f"/edit {place + 1} {turns[place].prompt}"


def clear(session: Session, _rest: str) -> None:
    session.begin(Conversation())


def save(session: Session, rest: str) -> None:
    """Under a name that is free; Markdown beside it."""
    path = user_path(rest) if rest else new_chat_path(Path.cwd())
    try:
        written = export(path, session.conversation)
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror}") from None
    session.tell("saved: " + ", ".join(map(str, written)))


def load(session: Session, rest: str) -> None:
    """Go on with an earlier chat, in its file."""
    if not rest:
        raise RequestError(
            "/load names no file", f"Give a .jsonl file, or latest; chats are kept in {chats_folder()}"
        )
    file, conversation = earlier_chat(rest, besides=session.file)
    session.begin(conversation)
    session.file = file
    session.tell(f"{len(conversation.turns)} questions of {file.path}")


def tell_help(session: Session, _rest: str) -> None:
    session.tell(HELP)


def _switch(session: Session, target: str) -> None:
    if target not in session.engine.info.targets:
        raise RequestError(f"no model is loaded as {target!r}")
    session.target, session.is_both = target, False
    _tell_who(session)


def _tell_who(session: Session) -> None:
    words = who_words(session)
    session.tell(f"{words} {'answer' if len(session.answering) > 1 else 'answers'} now")


def _require_turns(session: Session) -> None:
    if not session.conversation.turns:
        raise RequestError("nothing has been asked yet")


COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "help": tell_help,
    "base": base,
    "adapter": adapter,
    "checkpoint": checkpoint,
    "both": both,
    "strength": strength,
    "set": set_option,
    "temp": lambda session, rest: set_option(session, f"temperature {rest}"),
    "tokens": lambda session, rest: set_option(session, f"max_new_tokens {rest}"),
    "system": system,
    "retry": retry,
    "undo": undo,
    "edit": edit,
    "clear": clear,
    "save": save,
    "load": load,
}
