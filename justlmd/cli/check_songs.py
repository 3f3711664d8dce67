"""``justlmd check``: every link, lyrics file and motion file of the song table, without downloading."""

import argparse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from justlmd.cli.options import add_table_command, read_config


def add_parser(commands: Any) -> None:
    what = "Check every link, lyrics file and motion file of the song table, without downloading."
    add_table_command(commands, "check", what, run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line per song and fault; 1 if a song has any."""
    from justlmd.download.fetch import DownloadOptions
    from justlmd.project.status import FAILED
    from justlmd.songs.table import check_provider, read_songs

    config = read_config(arguments.configfile)
    songs = [song for song in read_songs(arguments.songs or config["songs"]) if song.id not in config["exclude"]]
    check_provider(songs, config["lyrics"]["provider"])
    options = DownloadOptions.configured(config["download"])
    width = max(len(song.id) for song in songs)
    print(f"{'song':<{width}}  status  {'cause':<15}  what was found -> what to do")
    failed = set()
    refusing: set[str] = set()
    for song in songs:
        for status, cause, text in [*check_link(song, options, refusing), *check_files(song)]:
            print(f"{song.id:<{width}}  {status:<6}  {cause:<15}  {text}", flush=True)
            if status == FAILED:
                failed.add(song.id)
    print(f"{len(songs)} songs: {len(songs) - len(failed)} ok, {len(failed)} failed")
    return 1 if failed else 0


def check_link(song, options, refusing: set[str]) -> list[tuple[str, str, str]]:
    """Probe a song's link: status, cause, text. Servers that refuse to answer are not asked again (``refusing``)."""
    from justlmd.download.fetch import probe_url
    from justlmd.project.status import FAILED

    if not song.has_audio:
        return []
    if song.url.startswith("results/demo/") and not Path(song.url).is_file():
        return [("ok", "", "the workflow makes this video")]
    host = urlsplit(song.url).hostname or ""
    if host in refusing:
        return [(FAILED, "not_asked", f"{host} refuses to answer for now -> wait an hour, then check again")]
    found = probe_url(song.url, options)
    if found["status"] == "ok":
        length = f"{found['duration']:.0f} s" if found["duration"] else "length unknown"
        return [("ok", "", f"{length}  {found['title'] or ''}".rstrip())]
    if host and found["cause"] in ("blocked", "rate_limited"):
        refusing.add(host)
    return [(FAILED, found["cause"], f"{found['message']} -> {found['next_step']}")]


def check_files(song) -> list[tuple[str, str, str]]:
    """What is wrong with a song's lyrics, motion and reference files: status, cause, text."""
    from justlmd.core.errors import InputError, one_line
    from justlmd.lyrics.lrc import parse_lrc
    from justlmd.project.status import FAILED
    from justlmd.songs.table import FETCH

    faults = []
    lyrics = Path(f"results/songs/{song.id}/fetched.lrc" if song.lyrics == FETCH else song.lyrics)
    made = song.lyrics == FETCH or song.lyrics.startswith("results/demo/")
    if lyrics.is_file():
        try:
            parse_lrc(lyrics.read_bytes(), str(lyrics))
        except InputError as error:
            what = " -> ".join(filter(None, (error.place_and_fault, error.next_step)))
            faults.append((FAILED, "lyrics", one_line(what)))
        except OSError as error:
            faults.append((FAILED, "lyrics", f"{lyrics}: cannot be read ({error.strerror}) -> mend its permissions"))
    elif not made:
        faults.append((FAILED, "lyrics", f"{lyrics}: no such file -> correct the song table or put it there"))
    for column in ("motion", "reference"):
        path = getattr(song, column)
        if path and not Path(path).is_file():
            faults.append((FAILED, column, f"{path}: no such file -> correct the song table or put it there"))
    return faults
