"""``justlmd status``: what became of each song; writes ``results/status.tsv``."""

import argparse
from pathlib import Path
from typing import Any

from justlmd.cli.options import add_table_command, read_config


def add_parser(commands: Any) -> None:
    what = "Tell what became of each song: finished, dropped, failed or waiting, and what to do next."
    add_table_command(commands, "status", what, run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is not finished, and write the whole table."""
    from justlmd.core.files import write_text
    from justlmd.project.status import read_stages, song_statuses, status_summary, status_table
    from justlmd.songs.table import read_danced_to, read_songs

    config, results = read_config(arguments.configfile), Path("results")
    table = {song.id: song for song in read_songs(arguments.songs or config["songs"])}
    songs = [*table, *read_danced_to(config["generate"]["table"], table)]
    rows = song_statuses(songs, read_stages(results), results, config["exclude"])
    write_text("results/status.tsv", status_table(rows))
    print(status_summary(rows))
    print("The whole table: results/status.tsv")
    return 0
