"""What the benchmarks' command lines have in common."""

import argparse
from pathlib import Path


def parser(description: str | None, *, short: str, data: str = "") -> argparse.ArgumentParser:
    """A parser with ``--short`` and, where ``data`` says what lies in it, ``--data`` with its usual folder."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--short", action="store_true", help=short)
    if data:
        result.add_argument("--data", type=Path, default=Path("../shared/data"), help=data)
    return result
