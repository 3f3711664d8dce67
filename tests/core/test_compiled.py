"""Compiled functions share one cache, apart from that of other libraries."""

import numba
import numpy as np

from justlmd.core.compiled import compiled


def test_machine_code_is_shared_and_other_libraries_keep_their_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "of one rule"))

    @compiled("f8(f8[::1])")
    def total(values):
        result = 0.0
        for value in values:
            result += value
        return result

    @numba.njit("f8(f8)", cache=True)
    def of_another_library(value):
        return value + 1

    assert total(np.array([1.0, 2.5])) == 3.5 and of_another_library(1.0) == 2
    shared = [path.name for path in (tmp_path / "home/justlmd/numba/justlmd").rglob("*.nbi")]
    apart = [path.name for path in (tmp_path / "of one rule").rglob("*.nbi")]
    assert len(shared) == 1 and "total" in shared[0] and len(apart) == 1 and "of_another_library" in apart[0]
