"""Failures with a named cause, and further attempts where they make sense; each stage has its own table of causes."""

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

from justlmd.core.errors import JustLMDError, plain

T = TypeVar("T")


class NamedFailure(JustLMDError):
    """A failed request to another computer; a subclass has the table of causes of its stage.

    Parameters
    ----------
    cause : str
        A key of ``causes``.
    where : str
        The link or song that it is about.
    detail : object
        What was found, from anywhere: it is made plain.
    tries : int
        Attempts that this failure is worth in all; failures that pass are worth as many as the options allow.
    wait_s : float
        Seconds that the server asks to be left alone.
    """

    causes: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Cause of a failure -> what happened, and what to do next."""
    transient: ClassVar[frozenset[str]] = frozenset()
    """Causes that pass: tried again with growing pauses before they are the last word."""
    pause_factors: ClassVar[Mapping[str, float]] = {}
    """How many times longer than usual to pause, by cause; 1 where none is given."""

    def __init__(self, cause: str, where: str, detail: object, *, tries: int = 1, wait_s: float = 0.0) -> None:
        what, next_step = self.causes[cause]
        super().__init__(f"{what} ({plain(detail)})", where=plain(where), next_step=next_step, cause=cause)
        self.tries, self.wait_s = math.inf if cause in self.transient else tries, wait_s

    @property
    def permanent(self) -> bool:
        return self.tries == 1  # what passes is worth more


def with_retries(
    attempt: Callable[[], T],
    *,
    attempts: int,
    backoff_s: float,
    sleep: Callable[[float], None],
    longest_wait_s: float = math.inf,
) -> T:
    """Call ``attempt`` until it succeeds or its failure is not worth another attempt.

    Parameters
    ----------
    attempt : callable
        Raises NamedFailure.
    attempts : int
        How often a failure that passes is tried in all.
    backoff_s : float
        Seconds to pause after the first failure, doubled each time; a server that asks for more is obeyed.
    sleep : callable
        Waits the given seconds.
    longest_wait_s : float
        No pause is longer; a server that asks for more is left alone.

    Raises
    ------
    NamedFailure
        The last one.
    """
    for number in range(max(attempts, 1)):
        try:
            return attempt()
        except NamedFailure as error:
            if number + 1 >= min(error.tries, max(attempts, 1)) or error.wait_s > longest_wait_s:
                raise
            pause = backoff_s * 2**number * error.pause_factors.get(error.cause, 1.0)
            sleep(min(max(pause, error.wait_s), longest_wait_s))
    raise AssertionError("unreachable")
