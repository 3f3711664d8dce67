"""``justlmd preference``: what the answers of a blind comparison say."""

import argparse
from pathlib import Path
from typing import Any

from justlmd.cli.options import add_command

EXAMPLES = """\
  justlmd preference answers.json
  justlmd preference answers/anna.json answers/ben.json --key results/evaluation/compare_key.json
"""


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands, "preference", "Tell how often each dance of a blind comparison was preferred.", EXAMPLES
    )
    parser.add_argument("answers", type=Path, nargs="+", help="the files that people saved, one for each person")
    parser.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        default=Path("results/evaluation/compare_key.json"),
        help="what make compare wrote (default: results/evaluation/compare_key.json)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the win rates with their intervals."""
    from justlmd.view.preference import preference_lines, read_answers, read_key

    print("\n".join(preference_lines(read_answers(arguments.answers, read_key(arguments.key)))))
    return 0
