"""Errors written for the person who reads them; the workflow prints them as one line."""

import errno
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
        self.what, self.where, self.next_step = redacted(what), redacted(str(where)), redacted(next_step)
        self.cause = cause or type(self).cause
        super().__init__(self.what)

    @property
    def permanent(self) -> bool:
        """Whether the same attempt would end the same way: with the same input, only people can mend it."""
        return self.cause == "input"

    @property
    def place_and_fault(self) -> str:
        """The message without the next step."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.place_and_fault}; {self.next_step}" if self.next_step else self.place_and_fault


_SECRETS = (
    "token|key|apikey|accesstoken|sig|signature|password|passwd|pwd|auth|authorization|session|secret|cookie|credential"
)


def redacted(text: str) -> str:
    """Text without the passwords, tokens and keys of links in it.

    ``https://user:password@host/a?token=x`` becomes ``https://***@host/a?token=***``.
    """
    text = re.sub(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#@]*(?:@[^\s/?#@]*)*@", r"\1***@", text)
    # Names of one word, or of several that hyphens, dots or underscores join: token, api_key, X-Amz-Signature.
    name = rf"(?:[\w.-]*[-_.])?(?:{_SECRETS})(?:[-_.][\w.-]*)?"
    return re.sub(rf"(?i)([?&;#]{name}=)[^&;#\s'\")]+", r"\1***", text)


_SYSTEM: dict[int, tuple[str, str, str]] = {
    errno.ENOSPC: ("storage", "the disk is full", "free disk space, then run again"),
    errno.EDQUOT: ("storage", "your disk quota is used up", "free disk space, then run again"),
    errno.EROFS: ("storage", "it lies on a disk that is read-only", "work in a folder that can be written to"),
    errno.EACCES: ("permission", "permission is denied", "mend the permissions of the file or folder, then run again"),
    errno.EPERM: ("permission", "the system does not allow it", "mend the permissions, then run again"),
    errno.EMFILE: ("system", "too many files are open", "raise the limit (ulimit -n), or run fewer jobs at once"),
    errno.ENOMEM: ("memory", "there is not enough memory", "run fewer jobs at once (--cores 1), or shorten the song"),
}
"""Number of a system's error: cause, what is wrong, what to do."""


def of_system(error: BaseException) -> JustLMDError | None:
    """What a full disk, a missing permission or missing memory means to people; None for any other exception."""
    seen: BaseException | None = error
    while seen is not None:
        number = seen.errno if isinstance(seen, OSError) else None
        # torch and CUDA say it in words alone
        if isinstance(seen, MemoryError) or re.search("not enough memory|allocate memory|out of memory", str(seen)):
            number = errno.ENOMEM
        if number in _SYSTEM:
            cause, what, next_step = _SYSTEM[number]
            return JustLMDError(what, where=getattr(seen, "filename", "") or "", next_step=next_step, cause=cause)
        seen = seen.__cause__ or seen.__context__
    return None


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


def write_failure(path: str | Path, error: JustLMDError, run: str = "") -> None:
    """Write the fields of an error as one JSON object, each on one line of plain text.

    ``run`` names the run of the workflow; it is noted with errors that a second attempt cannot mend.
    """
    fields = {name: one_line(getattr(error, name)) for name in ("cause", "where", "what", "next_step")}
    fields["permanent_in"] = run if error.permanent else ""
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


def failed_for_good(path: str | Path, run: str) -> JustLMDError | None:
    """The error noted in ``path`` by an earlier attempt of the same run, if another attempt cannot mend it."""
    try:
        same = bool(run) and json.loads(Path(path).read_text(encoding="utf-8"))["permanent_in"] == run
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return read_failure(path) if same else None
