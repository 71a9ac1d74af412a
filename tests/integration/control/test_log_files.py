"""Log files on a disk: rotation while others write, torn ends, damage named by line."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.config.redact import remember
from core.control.log.lines import LogLine, json_line, text_line
from core.control.log.reading import Odd, read_log
from core.control.log.rotation import RotatedFile, rotated_set
from core.control.log.writing import JsonLines
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_NS = 1_764_000_000_000_000_000
OPENED = json_line(LogLine(AT_NS, "info", "opened", "process 7 logs"))


def _line(number: int) -> str:
    return json_line(LogLine(AT_NS + number * 10**6, "info", "", f"line {number}"))


def _texts(path: Path, odd: Odd | None = None) -> list[str]:
    return [line.text for line in read_log(path, odd or Odd())]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "engine.log"


@pytest.fixture
def small(log: Path) -> Iterator[logging.Logger]:
    """A logger into a log of at most 2,000 bytes a file, two kept beside it."""
    handler = RotatedFile(log, largest_bytes=2_000, kept=2)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("tests.log_files")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    handler.close()


def test_a_log_is_bounded_and_its_set_reads_in_order(log: Path, small: logging.Logger) -> None:
    for number in range(100):
        small.info("number %d", number)
    files = rotated_set(log)
    assert [file.name for file in files] == ["engine.log.2", "engine.log.1", "engine.log"]
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    texts = _texts(log)
    assert len(texts) > 20
    assert texts == [f"number {number}" for number in range(100 - len(texts), 100)]


def test_stderr_goes_on_in_the_new_file(log: Path) -> None:
    """A child shares the descriptor as `engine start` leaves it; both kinds of line stay whole."""
    code = f"""
import logging, os, sys
from pathlib import Path
from core.control.log.writing import JsonLines
from core.control.log.rotation import RotatedFile
handler = RotatedFile(Path({str(log)!r}), largest_bytes=1_000, kept=9)
handler.setFormatter(JsonLines())
assert handler.is_open_as(2)
for number in range(40):
    handler.handle(logging.makeLogRecord({{"msg": f"n{{number}}", "levelname": "INFO"}}))
    os.write(2, f"from elsewhere {{number}}\\n".encode())
"""
    with log.open("ab") as stderr:
        subprocess.run([sys.executable, "-c", code], stderr=stderr, check=True)  # noqa: S603 - our own text
    odd = Odd()
    assert _texts(log, odd) == [f"n{number}" for number in range(40)]
    assert odd.other == 40
    assert "from elsewhere 39" in log.read_text()


def test_i9_a_secret_is_taken_out(log: Path, small: logging.Logger) -> None:
    remember("hunter2-of-the-log")
    small.warning("said %s", "hunter2-of-the-log")
    assert "hunter2" not in log.read_text()
    assert _texts(log) == ["said [secret]"]


def test_a_full_disk_loses_lines_says_so_and_raises_nothing(log: Path) -> None:
    code = """
import logging, resource, signal, sys
from pathlib import Path
from core.control.log.writing import JsonLines
from core.control.log.rotation import RotatedFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
handler = RotatedFile(path)
handler.setFormatter(JsonLines())
logger = logging.Logger("test")
logger.addHandler(handler)
logger.info("before")
size, most = path.stat().st_size, resource.RLIM_INFINITY
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, most))
logger.info("lost 1")
logger.info("lost 2")
assert path.stat().st_size == size
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
logger.info("after")
"""
    subprocess.run([sys.executable, "-c", code, str(log)], check=True)  # noqa: S603 - our own text
    assert _texts(log) == ["before", "2 lines before this one could not be written", "after"]


def test_words_that_do_not_fit_their_arguments_stop_nothing(
    log: Path, small: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    small.info("of %d", "no number")
    small.info("after")
    assert _texts(log) == ["after"]
    assert "of %d" in capsys.readouterr().err


def _written(log: Path, *parts: str | bytes) -> Path:
    log.write_bytes(b"".join(p if isinstance(p, bytes) else p.encode() for p in parts))
    return log


def test_a_last_line_that_broke_off_is_left_out_and_said(log: Path) -> None:
    odd = Odd()
    _written(log, _line(1), "\n", _line(2), "\n", _line(3)[:-20])
    assert _texts(log, odd) == ["line 1", "line 2"]
    assert odd.torn == ["engine.log line 3"]


def test_a_new_engine_goes_on_behind_a_line_that_broke_off(log: Path) -> None:
    _written(log, _line(1), "\n", _line(2)[:-20])
    handler = RotatedFile(log)
    handler.setFormatter(JsonLines())
    for text, more in (("opened", {"kind": "opened"}), ("goes on", {})):
        handler.handle(logging.makeLogRecord({"msg": text, "levelname": "INFO", **more}))
    handler.close()
    odd = Odd()
    assert _texts(log, odd) == ["line 1", "opened", "goes on"]
    assert odd.torn == ["engine.log line 2"]


def test_zeros_that_a_power_cut_left_are_a_line_that_broke_off(log: Path) -> None:
    odd = Odd()
    _written(log, _line(1), "\n", bytes(300), "\n", OPENED, "\n", _line(2), "\n")
    assert _texts(log, odd) == ["line 1", "process 7 logs", "line 2"]
    assert odd.torn == ["engine.log line 2"]


@pytest.mark.parametrize("form", [json_line, text_line])
def test_damage_is_named_by_its_line(log: Path, form: object) -> None:
    assert callable(form)
    lines = [form(LogLine(AT_NS, "info", "", f"line {number}")) for number in range(5)]
    lines[2] = lines[2].replace("2026" if "2026" in lines[2] else "20", "20x", 1)
    lines[2] = lines[2][:10] + "\x00" + lines[2][10:]
    _written(log, "\n".join(lines), "\n")
    with pytest.raises(BadInput, match="line 3 is damaged"):
        _texts(log)


def test_a_damaged_last_line_is_damage_not_a_torn_end(log: Path) -> None:
    _written(log, _line(1), "\n", _line(2)[:-20], "\n")
    with pytest.raises(BadInput, match="line 2 is damaged"):
        _texts(log)


def test_a_byte_changed_anywhere_in_a_line_never_goes_unseen_as_another_kind(log: Path) -> None:
    """It is damage, other text that is counted, or still a line of ours: never an odd error."""
    raw = f"{_line(1)}\n{OPENED}\n{_line(2)}\n".encode()
    for at in range(len(raw)):
        odd = Odd()
        _written(log, raw[:at], bytes([raw[at] ^ 0x15]), raw[at + 1 :])
        try:
            texts = _texts(log, odd)
        except BadInput:
            continue
        assert len(texts) + odd.other + len(odd.torn) >= 2


_FOREIGN = {
    "empty": b"",
    "text": b"hello\nworld\n",
    "json": b'{"a": 1}\n{"b": 2}\n',
    "binary": b"\x7fELF\x02\x01\x01\0\0\n",
    "endless": b"{" * 3_000_000,
}


@pytest.mark.parametrize("content", _FOREIGN.values(), ids=_FOREIGN)
def test_a_foreign_file_is_named_as_one(log: Path, content: bytes) -> None:
    _written(log, content)
    with pytest.raises(BadInput, match=r"this is no log of vgwm: line 1 ") as refused:
        _texts(log)
    assert str(log) in refused.value.where


def test_what_an_interpreter_says_as_it_falls_is_counted(log: Path) -> None:
    odd = Odd()
    _written(log, _line(1), "\nFatal Python error: out of memory\n\n  File x\n", _line(2), "\n")
    assert _texts(log, odd) == ["line 1", "line 2"]
    assert (odd.other, odd.first_other) == (2, "engine.log line 2")


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such log"):
        _texts(tmp_path / "none.log")


def test_both_forms_tell_the_same(tmp_path: Path) -> None:
    lines = [LogLine(AT_NS + n * 10**6, "info", "node_fault", f"said {n}") for n in range(5)]
    (tmp_path / "a").write_text("".join(json_line(line) + "\n" for line in lines))
    (tmp_path / "b").write_text("".join(text_line(line) + "\n" for line in lines))
    assert list(read_log(tmp_path / "a", Odd())) == list(read_log(tmp_path / "b", Odd())) == lines


def test_a_record_with_a_trace_is_one_line(log: Path, small: logging.Logger) -> None:
    try:
        raise RuntimeError("odd\nthing")  # noqa: TRY301 - it is to be logged
    except RuntimeError:
        small.exception("stumbled")
    (raw,) = log.read_text().splitlines()
    assert "RuntimeError: odd\nthing" in json.loads(raw)["trace"]
