"""Print what became of each song, and write results/status.tsv: ``make status``."""

import sys
from pathlib import Path

from justlmd.cli.options import arguments_of, guarded, read_config


def main(argv: list[str] | None = None) -> int:
    parser = arguments_of("What became of each song: finished, dropped, failed or waiting, and what to do next.")
    arguments = parser.parse_args(argv)

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


if __name__ == "__main__":
    sys.exit(guarded(main))
