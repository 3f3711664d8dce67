"""Errors written for the person who reads them; the workflow prints them as one line."""

import re


class JustLMDError(Exception):
    """Something the user can mend. The message says which file or row, what is wrong and what to do."""


class InputError(JustLMDError):
    """A file or value from outside is unusable (song table, ``.lrc``, video, motion file, body model)."""


class DownloadError(JustLMDError):
    """A video could not be fetched; ``cause`` is a short machine-readable class of the failure."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


def one_line(text: object) -> str:
    """Text from anywhere on one line, without control characters or halves of characters."""
    text = "" if text is None else str(text).encode("utf-8", "replace").decode()
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", " ", text).split())


def plain(text: object) -> str:
    """A short piece of text from outside, safe to print."""
    return one_line(text)[:500]
