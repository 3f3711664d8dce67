# The song table and the configuration, checked before any job starts.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from justlmd.config import check_config
from justlmd.errors import JustLMDError
from justlmd.songs import read_songs

try:
    check_config(config)
    TABLE = {song.id: song for song in read_songs(config["songs"])}
    for option in ("exclude", "keep"):
        for name in config[option]:
            if name not in TABLE:
                raise JustLMDError(f"config '{option}': there is no song '{name}' in {config['songs']}")
except JustLMDError as error:
    raise WorkflowError(str(error)) from None

SONGS = {name: song for name, song in TABLE.items() if name not in config["exclude"]}
if not SONGS:
    raise WorkflowError(f"no song of {config['songs']} is left: config 'exclude' names them all")


def one_of(names):
    """A wildcard constraint that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    song=one_of(TABLE),
    name=one_of(config["models"]),


def if_present(path):
    """A path as an input, if it is there or a rule makes it; a missing file is the song's own error, not the workflow's."""
    path = str(path or "")
    return [path] if path and (path.startswith("results/demo/") or Path(path).is_file()) else []


onerror:
    shell(
        "echo 'Some jobs failed; the lines that begin with ERROR say which song and why. The other songs are finished.'"
        " 'To go on without a song: --config exclude=[its_id]' >&2"
    )
