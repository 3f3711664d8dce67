"""Loading of networks that others trained, without running any code of theirs."""

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError

HUB_TIMEOUT_S = 10


def safe_options(source: str | Path) -> dict[str, Any]:
    """Keyword arguments of transformers' ``from_pretrained``: no code from elsewhere, no network for a folder.

    Raises OSError at once where a hub that does not answer would have to be asked: its own client tries for a minute.
    """
    return {"trust_remote_code": False, "local_files_only": Path(source).is_dir() or not _hub_answers(str(source))}


def _hub_answers(name: str) -> bool:
    """Whether the hub can be asked for a model; OSError if it cannot, and nothing of the model is in its cache."""
    from transformers.utils.hub import cached_file, is_offline_mode

    if is_offline_mode():
        return False
    hub = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        urllib.request.urlopen(urllib.request.Request(hub, method="HEAD"), timeout=HUB_TIMEOUT_S).close()
    except urllib.error.HTTPError:
        pass  # it answers
    except (OSError, http.client.HTTPException) as error:
        found = cached_file(name, "config.json", local_files_only=True, _raise_exceptions_for_missing_entries=False)
        if found is None:
            raise OSError(f"there is no folder {name}, and {hub} does not answer") from error
        return False
    return True


@contextmanager
def explained(fault: str, where: str, next_step: str) -> Iterator[None]:
    """Turn what transformers raises for files that it cannot load into an InputError with its first line."""
    try:
        yield
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"{fault} ({reason})", where=where, next_step=next_step) from error
