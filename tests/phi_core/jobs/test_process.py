"""Workers: in a session of their own, with a log, out of reach of the folder that they are started in."""

import os
import subprocess
from pathlib import Path

import psutil

from phi_core.jobs.process import start_worker


def test_a_worker_is_in_a_session_of_its_own_and_reads_no_terminal(tmp_path: Path) -> None:
    worker = start_worker("engine", log=tmp_path / "log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert os.getsid(worker.pid) == worker.pid != os.getsid(0)
        assert os.getpgid(worker.pid) == worker.pid
    finally:
        worker.communicate()
    assert not psutil.pid_exists(worker.pid)


def test_a_worker_whose_front_end_is_gone_ends_by_itself(tmp_path: Path) -> None:
    worker = start_worker("engine", log=tmp_path / "log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = worker.communicate()
    assert (worker.returncode, output) == (0, b"")


def test_what_a_worker_says_is_appended_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    assert start_worker("train", [str(tmp_path / "no-run")], log=log).wait() != 0
    text = log.read_text()
    assert text.startswith("before\n") and "no-run" in text


def test_files_of_the_folder_that_a_worker_starts_in_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported the wrong json')")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        worker = start_worker("engine", log=tmp_path / "log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        worker.communicate()
    finally:
        os.chdir(before)
    assert worker.returncode == 0, (tmp_path / "log").read_text()
