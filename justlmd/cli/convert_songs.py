"""``justlmd convert``: the original's JSON song lists and playlists become a song table."""

import argparse
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from justlmd.cli.options import add_command, read_config

EXAMPLES = """\
  justlmd convert JD2020.json --output mine.tsv
  justlmd convert 'https://www.youtube.com/playlist?list=...' --output mine.tsv
"""


def add_parser(commands: Any) -> None:
    parser = add_command(commands, "convert", "Turn a JSON song list or a playlist into a song table.", EXAMPLES)
    parser.add_argument("list", help="a JSON file of the original's, or the address of a playlist or channel")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="the table to write; without it, the table is printed"
    )
    parser.add_argument("--force", action="store_true", help="write the table even if there is one already")
    parser.add_argument(
        "--lyrics", metavar="FOLDER", default="lyrics", help="the folder of the .lrc files (default: lyrics)"
    )
    parser.add_argument(
        "--configfile", metavar="FILE", default="config.yaml", help="the configuration, for proxy and cookies"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write or print the table, and say on stderr what was left out."""
    from justlmd.core.errors import InputError
    from justlmd.core.files import write_text
    from justlmd.songs.convert import convert_playlist, convert_song_list, song_table

    def refuse_existing() -> None:
        if arguments.output and arguments.output.exists() and not arguments.force:
            raise InputError(
                "exists already", where=arguments.output, next_step="name another file, or add --force to replace it"
            )

    refuse_existing()
    if urlsplit(arguments.list).scheme in ("http", "https"):
        from justlmd.download.fetch import DownloadOptions, playlist_entries

        options = DownloadOptions.configured(read_config(arguments.configfile)["download"])
        rows, left_out = convert_playlist(playlist_entries(arguments.list, options), arguments.lyrics, arguments.list)
    elif Path(arguments.list).is_file():
        rows, left_out = convert_song_list(arguments.list, arguments.lyrics)
    else:
        raise InputError("no such file, and not the address of a playlist", where=arguments.list)
    for line in left_out:
        print(f"left out: {line}", file=sys.stderr)
    if arguments.output:
        refuse_existing()  # a playlist takes its time
        write_text(arguments.output, song_table(rows))
    else:
        sys.stdout.write(song_table(rows))
    where = arguments.output or "the table"
    print(f"{len(rows)} songs in {where}, {len(left_out)} entries left out", file=sys.stderr)
    return 0
