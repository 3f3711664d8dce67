"""Errors written for the person who reads them; the workflow prints them as one line."""

import json
import re
from pathlib import Path


class JustLMDError(Exception):
    """Something the user can mend: what is wrong, where, and what to do about it.

    Parameters
    ----------
    what
        What is wrong, without the place and the remedy.
    where
        File, row, key or link that it is about; for a file also the line, as ``path, line 3``.
    next_step
        What to do; empty where the fault says it.
    cause
        Short machine-readable class of the fault, for ``status.tsv``; by default that of the class of the error.
    """

    cause = "input"

    def __init__(self, what: str, *, where: object = "", next_step: str = "", cause: str = "") -> None:
        self.what, self.where, self.next_step = what, str(where), next_step
        self.cause = cause or type(self).cause
        super().__init__(what)

    @property
    def place_and_fault(self) -> str:
        """The message without the next step."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.place_and_fault}; {self.next_step}" if self.next_step else self.place_and_fault


class InputError(JustLMDError):
    """A file or value from outside is unusable (song table, ``.lrc``, video, motion file, body model)."""


def one_line(text: object) -> str:
    """Text from anywhere on one line, without control characters or halves of characters."""
    text = "" if text is None else str(text).encode("utf-8", "replace").decode()
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", " ", text).split())


def plain(text: object) -> str:
    """A short piece of text from outside, safe to print."""
    return one_line(text)[:500]


INTERRUPTED = JustLMDError(
    "begun and not ended: still running, or killed (by hand, or for memory or time)",
    next_step="if nothing runs, run again",
    cause="interrupted",
)
"""What stands in a job's note until it ends."""


def write_failure(path: str | Path, error: JustLMDError) -> None:
    """Write the fields of an error as one JSON object, each on one line of plain text."""
    fields = {name: one_line(getattr(error, name)) for name in ("cause", "where", "what", "next_step")}
    Path(path).write_text(json.dumps(fields, ensure_ascii=False) + "\n", encoding="utf-8")


def read_failure(path: str | Path) -> JustLMDError:
    """Read what :func:`write_failure` wrote; a damaged note is an error of its own, not an exception."""
    path = Path(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        cause, where, what, next_step = (one_line(found[name]) for name in ("cause", "where", "what", "next_step"))
    except (OSError, ValueError, TypeError, KeyError):
        return JustLMDError("its note of the failure is damaged", where=path, next_step="run again", cause="unknown")
    return JustLMDError(what, where=where, next_step=next_step, cause=cause)
