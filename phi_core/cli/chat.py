"""`phi chat`: a streaming conversation with a base, its adapters and checkpoints, or endpoints, line by line."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from phi_core.chat.engine import Engine
from phi_core.chat.transcript_file import TranscriptFile, new_chat_path
from phi_core.cli.chat_answers import answer
from phi_core.cli.chat_commands import HELP, carry_out, strength_from
from phi_core.cli.chat_lines import lines
from phi_core.cli.chat_session import Session, chats_folder, earlier_chat
from phi_core.cli.flags import (
    Adapters,
    Checkpoints,
    Device,
    Dtype,
    Endpoints,
    Model,
    PromptFormat,
    PromptTemplate,
    Quantization,
    RunName,
    RunsDir,
)
from phi_core.cli.output import say
from phi_core.cli.target import Target, open_engine, target_of
from phi_core.config.sampling import Sampling, sampling_from
from phi_core.errors import ConfigError
from phi_core.plain_text import plain


def chat(
    *,
    model: Model = None,
    adapter: Adapters = None,
    run: RunName = None,
    checkpoint: Checkpoints = None,
    endpoint: Endpoints = None,
    strength: str = "1",
    temperature: str = "0",
    top_p: str = "1",
    top_k: str = "0",
    repetition_penalty: str = "1",
    max_new_tokens: str = "256",
    seed: str = "42",
    system: str = "",
    resume: str | None = None,
    prompt_format: PromptFormat = "auto",
    prompt_template: PromptTemplate = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    quantization: Quantization = "none",
    runs_dir: RunsDir = None,
) -> int:
    """Chat with a model. Questions may also come from a pipe, one a line.

    Parameters
    ----------
    strength
        How much of what the adapter adds: 0 is the base, 1 as trained, at most 2.
    temperature
        Randomness; 0 is greedy.
    top_p
        Draw among the likeliest tokens of this total probability.
    top_k
        Draw among so many likeliest tokens; 0 is all.
    repetition_penalty
        Divide the scores of tokens that were there already; 1 leaves them.
    max_new_tokens
        Longest answer, in tokens.
    seed
        Seed of the draws.
    system
        System message.
    resume
        Go on with the chat of this .jsonl file, in that file; latest is the newest that was kept.
    """
    values = {
        "temperature": temperature,
        "top_p": top_p,
        "top_k": top_k,
        "repetition_penalty": repetition_penalty,
        "max_new_tokens": max_new_tokens,
        "seed": seed,
    }
    sampling = _required_sampling(values)
    factor = strength_from(strength, where="--strength")
    target = target_of(
        model,
        adapter,
        run,
        runs_dir,
        checkpoints=checkpoint,
        endpoints=endpoint,
        prompt_format=prompt_format,
        prompt_template=prompt_template,
    )
    earlier = earlier_chat(resume) if resume else None
    start = partial(open_engine, device=device, dtype=dtype, quantization=quantization)
    session = _session(target, start, sampling)
    session.strength, session.system = factor, system
    if earlier:
        session.file, session.conversation = earlier
    try:
        return _loop(session)
    finally:
        session.keep()
        session.engine.close()


def _required_sampling(values: dict[str, str]) -> Sampling:
    sampling, problems = sampling_from(values, where="--")
    if problems:
        raise ConfigError(
            "the command line has a problem",
            [replace(problem, where=problem.where.replace("--.", "--")) for problem in problems],
        )
    return sampling


def _session(target: Target, start: Callable[[Target], Engine], sampling: Sampling) -> Session:
    """From a pipe, all that is no answer goes to standard error, and the chat is kept only if a file is named."""
    interactive = sys.stdin.isatty()
    engine = start(target)
    return Session(
        open=start,
        loaded=target,
        engine=engine,
        target=engine.info.targets[-1],
        sampling=sampling,
        tell=say if interactive else _tell_beside,
        interactive=interactive,
        file=TranscriptFile(new_chat_path(chats_folder())) if interactive else None,
    )


def _tell_beside(text: str) -> None:
    print(plain(text), file=sys.stderr, flush=True)


def _loop(session: Session) -> int:
    """The status: 0; of questions from a pipe 1 if an answer failed, 2 if a command was wrong."""
    if session.interactive:
        info = session.engine.info
        say(f"{info.model_name} · {info.proof.sentence()}\n{HELP}")
    for line in lines(session):
        try:
            if not _take(session, line):
                break
        except KeyboardInterrupt:
            if not session.interactive:
                raise
            session.tell("Ctrl-D leaves")
    return 0 if session.interactive else session.status


def _take(session: Session, line: str) -> bool:
    """Carry a command out or ask a question; False to leave."""
    if line.startswith("/") and not line.startswith("//"):
        return carry_out(session, line)
    if line.strip():
        answer(session, line.removeprefix("/") if line.startswith("//") else line)
    return True
