"""The command ``justlmd``: what is done by hand before, beside and after a run of the workflow."""

import argparse
import sys

from justlmd import __version__
from justlmd.cli import check_songs, convert_songs, dance, preference, status, summary, weights
from justlmd.cli.options import guarded

DESCRIPTION = """\
From dance videos and .lrc lyrics to a lyrics-music-dance data set. The workflow itself runs with snakemake; these
commands prepare its song table and tell what became of it. They work in the folder that holds config.yaml and results/.
`justlmd dance` alone needs none of it: it dances to one song of your own.
"""

EPILOG = """\
a first song table:
  justlmd convert JD2020.json --output mine.tsv     make it from a list
  justlmd check --songs mine.tsv                    are all links alive, are all lyrics readable?
  snakemake --cores 2 --resources gpu=1             run the workflow
  justlmd status                                    what became of each song
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the command and of all that can stand after it."""
    top = argparse.ArgumentParser(
        prog="justlmd", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"justlmd {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (dance, convert_songs, check_songs, status, summary, preference, weights):
        module.add_parser(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if all is well, 1 if it found faults in the songs, 2 if it could not run."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: int(arguments.run(arguments)))


if __name__ == "__main__":
    sys.exit(main())
