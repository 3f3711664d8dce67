"""``justlmd dance``: a dance to one song of one's own, without a data set, training or a song table."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from justlmd.cli.options import add_command

EXAMPLES = """\
  justlmd dance my.mp3 my.lrc
  justlmd dance my.mp3 my.lrc --seed 1 --character my.vrm
  justlmd dance my.mp3                                   to the music alone
  justlmd dance my.mp3 my.lrc --start 0:30 --end 1:30 --language es
  justlmd dance my.mp3 my.lrc --model v3                 with a trained model of your own
"""


def add_parser(commands: Any) -> None:
    parser = add_command(commands, "dance", "Dance to a song of your own: a page, a video and exports.", EXAMPLES)
    parser.add_argument("audio", help="the music: mp3, m4a, ogg, flac, wav, ..., or a video")
    parser.add_argument("lyrics", nargs="?", default="", help="the .lrc file; without it, the music alone counts")
    parser.add_argument("--name", default="", help="of the results (default: from the title, or the file's name)")
    parser.add_argument("--title", default="", help="default: from the file's tags")
    parser.add_argument("--artist", default="", help="default: from the file's tags")
    parser.add_argument("--language", default="", metavar="CODE", help="of the lyrics: en, es, ... (default: guessed)")
    parser.add_argument("--start", default="", metavar="TIME", help="where to begin: seconds, or m:ss")
    parser.add_argument("--end", default="", metavar="TIME", help="where to end")
    parser.add_argument(
        "--first-line",
        default="auto",
        metavar="TIME",
        help="second after --start at which the first line is sung; 'stamps': as the .lrc says (default: listen)",
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, another dance (default: 0)")
    parser.add_argument("--character", default="", metavar="FILE", help="a .vrm, or a .glb rigged by Mixamo")
    parser.add_argument("--model", default="choreographer", help="a trained model's name (default: %(default)s)")
    parser.add_argument("--repertoire", default="shipped", metavar="FILE", help="what the choreographer draws from")
    parser.add_argument("--configfile", metavar="FILE", help="a configuration of your own, for exports and the body")
    parser.add_argument("--cores", default="all", help="how many to use (default: all)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the song's table, run the workflow on it, and say where everything is."""
    import justlmd
    from justlmd.core.errors import InputError
    from justlmd.project.own_song import OwnSong, prepare

    snakefile = Path(justlmd.__file__).parents[1] / "Snakefile"
    if not snakefile.is_file():
        raise InputError("the workflow is not there", where=snakefile, next_step="use a checkout of the project")
    options = {name: getattr(arguments, name) for name in OwnSong.__dataclass_fields__}
    options["first_line"] = "" if arguments.first_line == "stamps" else arguments.first_line
    results = Path("results")
    song = prepare(OwnSong(**options), results)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--cores", str(arguments.cores)]
    command += ["--resources", "gpu=1", "--configfile"]
    command += [*filter(None, [arguments.configfile]), str(song.config), "--", "danced"]
    done = subprocess.run(command, check=False)
    if done.returncode:
        return 1
    dance = results / "generated" / song.name / arguments.model
    print(f"\nThe dance to {song.name}:")
    for what, path in (
        ("watch it", results / "view" / f"{song.name}.html"),
        ("pass it on, in one file", results / "view" / f"{song.name}.share.html"),
        ("video", dance / "dance.mp4"),
        ("for Blender and others", dance),
    ):
        print(f"  {what + ':':26}{path}")
    return 0
