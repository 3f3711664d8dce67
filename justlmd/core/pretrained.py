"""Loading of networks that others trained, without running any code of theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError


def safe_options(source: str | Path) -> dict[str, Any]:
    """Keyword arguments of transformers' ``from_pretrained``: no code from elsewhere, no network for a folder."""
    return {"trust_remote_code": False, "local_files_only": Path(source).is_dir()}


@contextmanager
def explained(fault: str, where: str, next_step: str) -> Iterator[None]:
    """Turn what transformers raises for files that it cannot load into an InputError with its first line."""
    try:
        yield
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"{fault} ({reason})", where=where, next_step=next_step) from error
