"""Stands in for ``time.sleep`` where waiting is part of what is tested."""


class Pauses(list[float]):
    """Remembers the seconds it was asked to wait, and does not wait."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
