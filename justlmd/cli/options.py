"""What the commands share: their options, what they read of a configuration, and how they end."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def read_config(path: str) -> dict:
    """Read and check a configuration; raises InputError for what is wrong with it."""
    import yaml

    from justlmd.core.errors import InputError
    from justlmd.project.config import parse_config

    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=path, next_step="run this in the project's folder"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"not YAML ({error})", where=path) from error
    if not isinstance(config, dict):
        raise InputError("not a configuration", where=path)
    return parse_config(config, path).model_dump(mode="json")


def add_command(commands: Any, name: str, what: str, examples: str) -> argparse.ArgumentParser:
    """The parser of a command, with examples below its options.

    Parameters
    ----------
    commands
        What ``ArgumentParser.add_subparsers`` returned.
    name
        What people type after ``justlmd``.
    what
        What it does, as a sentence.
    examples
        Indented lines: what to type.
    """
    return commands.add_parser(
        name,
        help=what[0].lower() + what[1:].rstrip("."),
        description=what,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_table_command(commands: Any, name: str, what: str, run: Callable[[argparse.Namespace], int]) -> None:
    """Add a command that works on the configured song table; ``run`` gives its exit code."""
    parser = add_command(commands, name, what, f"  justlmd {name}\n  justlmd {name} --songs mine.tsv\n")
    parser.set_defaults(run=run)
    parser.add_argument(
        "--configfile", metavar="FILE", default="config.yaml", help="the configuration (default: config.yaml)"
    )
    parser.add_argument("--songs", metavar="FILE", help="another song table than the configured one")


def guarded(program: Callable[[], int]) -> int:
    """Run a command; an error that the user can mend becomes one line and exit code 2."""
    from justlmd.core.errors import JustLMDError

    try:
        return program()
    except JustLMDError as error:
        print(error, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "justlmd").startswith("justlmd"):
            raise
        print(f"{error.name} is not installed; run pip install 'justlmd[media]', or make setup", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
