"""Errors written for the person who reads them; the workflow prints them as one line."""


class JustLMDError(Exception):
    """Something the user can mend. The message says which file or row, what is wrong and what to do."""


class InputError(JustLMDError):
    """A file or value from outside is unusable (song table, ``.lrc``, video, motion file, body model)."""


class DownloadError(JustLMDError):
    """A video could not be fetched; ``cause`` is a short machine-readable class of the failure."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause
