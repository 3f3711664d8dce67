"""What the rules and the programs called by hand read from config.yaml in the same way."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def download_options(configured: dict):
    """The options of a download from the section ``download`` of the configuration."""
    from justlmd.download.fetch import DownloadOptions

    return DownloadOptions(
        max_height=configured["max_height"],
        attempts=configured["attempts"],
        pause=configured["pause"],
        proxy=configured["proxy"] or None,
        cookies=Path(configured["cookies"]) if configured["cookies"] else None,
    )


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


def arguments_of(description: str) -> argparse.ArgumentParser:
    """A parser for a program that works on the configured song table."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--configfile", default="config.yaml", help="the configuration (default: config.yaml)")
    parser.add_argument("--songs", help="another song table than the configured one")
    return parser


def guarded(program: Callable[[], int]) -> int:
    """Run a program; an error that the user can mend becomes one line and exit code 2."""
    from justlmd.core.errors import JustLMDError

    try:
        return program()
    except JustLMDError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
