"""Functions that Numba compiles, with machine code that all processes of the user share."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from justlmd.core.files import cache_folder

Function = TypeVar("Function", bound=Callable)


def compiled(signature: str) -> Callable[[Function], Function]:
    """A decorator: compile for this one type of arguments, at once, without the interpreter's lock.

    Numba's cache breaks when processes compile one function for different types at once (it is then loaded with the
    machine code of another one). With a single type they all write the same, so that these functions have a cache in
    common, whatever ``NUMBA_CACHE_DIR`` says for those of other libraries.
    """
    decorate: Any = numba.njit(signature, cache=True, nogil=True)
    config: Any = numba.config

    def compile_into_shared_cache(function: Function) -> Function:
        of_others = config.CACHE_DIR
        config.CACHE_DIR = str(cache_folder() / "numba" / "justlmd")
        try:
            result: Function = decorate(function)  # which looks for its place in the cache now
        finally:
            config.CACHE_DIR = of_others
        return result

    return compile_into_shared_cache
