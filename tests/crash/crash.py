"""Kill a whole run again and again, and see that it ends as if nothing had happened: ``make test-crash``.

Four short songs of the demo are served by a web server on this computer. The workflow runs on them twice, from the
download to the gallery: once undisturbed, and once with its whole process tree killed (SIGKILL) at random moments, each
time followed by the same command. Every stage is hit at least once while one of its jobs runs. In the end both folders
``results/`` must hold the same files with the same bytes; only the folders ``logs`` are left out (they hold how long
each job took). No process and no temporary file may be left behind.
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "tests/helpers")]

from media_server import MediaServer, Page, media_server  # noqa: E402
from project_copy import copied_project  # noqa: E402

from demo.build import build_song  # noqa: E402

SONGS = ("morning_jump", "paper_star", "kitchen_parade", "harbour_lights")
SECONDS = 14.0
STAGES = (
    "download", "standardise", "lyrics", "text_states", "lyrics_embeddings", "audio_features", "pose", "recovery",
    "quality", "overlay", "song_page", "player_assets", "manifest", "dataset", "train", "evaluate", "generate",
    "generated_preview", "export", "export_audio", "comparison", "dance_script", "gallery",
)  # fmt: skip
"""Rules that are killed at least once each."""
REMADE = ("models", "evaluation", "generated", "view", "dataset")
"""Folders that are removed when a run was done before it was killed often enough."""
COMMAND = (sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=1")


def prepare(folder: Path, videos: Path, server: MediaServer) -> Path:
    """A copy of the project with a table of the songs and trainings of a few steps."""
    copied_project(REPO, folder)
    for path in folder.glob("model/configs/v?_small.yaml"):
        text = re.sub(r"\bsteps: \d+", "steps: 24", path.read_text())
        path.write_text(re.sub(r"eval_every: \d+", "eval_every: 4", text))
    rows = [f"{name}\t{server.base}/{name}.mp4\t{videos / name / 'lyrics.lrc'}" for name in SONGS]
    (folder / "songs.tsv").write_text("\n".join(["id\turl\tlyrics", *rows]) + "\n")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["download"] |= {"pause": 0, "allow_private_addresses": True}
    config |= {"keep": list(SONGS)}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def serve(server: MediaServer, videos: Path) -> None:
    """Serve the songs' videos, which are made where they are not there, slowly enough to be killed half-way."""
    for name in SONGS:
        if not (videos / name / "video.mp4").is_file():
            print(build_song(name, videos / name, SECONDS), flush=True)
        server.pages[f"/{name}.mp4"] = Page((videos / name / "video.mp4").read_bytes(), delay_s=0.01)


def _port_of(folder: Path) -> int:
    """The port that the songs of an earlier run were served on; 0 where there was none."""
    table = folder / "songs.tsv"
    found = re.search(r"127\.0\.0\.1:(\d+)/", table.read_text()) if table.is_file() else None
    return int(found[1]) if found else 0


@dataclass
class Run:
    """One start of the workflow in a session of its own."""

    folder: Path
    begun: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        with (self.folder / "run.log").open("a") as log:
            self.process = subprocess.Popen(
                COMMAND, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def running(self) -> set[str]:
        """Rules of the jobs that have begun in this run and not ended: each leaves a note that it is running."""
        found = set()
        for note in (self.folder / "results").rglob("*.error"):
            with suppress(FileNotFoundError):
                if note.stat().st_mtime >= self.begun:
                    found.add(note.stem)
        return found

    def kill(self) -> None:
        """Kill the driver and everything that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)
        raise SystemExit("FAILED: processes of a killed run live on")


def whole_run(folder: Path) -> float:
    """Run the workflow to its end; returns its seconds."""
    start = time.monotonic()
    code = Run(folder).process.wait()
    if code:
        raise SystemExit(f"FAILED: the run ended with exit code {code}\n{(folder / 'run.log').read_text()[-4000:]}")
    return time.monotonic() - start


def durations(folder: Path) -> dict[str, float]:
    """Seconds of each rule's longest job, by the records of an undisturbed run."""
    found: dict[str, float] = {}
    for line in (folder / "run.log").read_text().splitlines():
        if match := re.match(r"done +\S.*?  (\w+)  ([\d.]+) s", line):
            found[match[1]] = max(found.get(match[1], 0.0), float(match[2]))
    return found


def contents(folder: Path) -> dict[str, str]:
    """The hash of every file under ``results/`` but those in folders ``logs``."""
    results = folder / "results"
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and "logs" not in path.relative_to(results).parts and path.name != ".snakemake_timestamp"
    }


def differences(undisturbed: Path, killed: Path) -> list[str]:
    """What is not the same in both folders, a line per file."""
    expected, found = contents(undisturbed), contents(killed)
    lines = [f"{name}: missing" for name in expected.keys() - found.keys()]
    lines += [f"{name}: left behind" for name in found.keys() - expected.keys()]
    return sorted(lines + [f"{name}: other bytes" for name in expected.keys() & found if expected[name] != found[name]])


def kill_again_and_again(folder: Path, longest: dict[str, float], kills: int, chance: random.Random) -> Counter[str]:
    """Run the workflow and kill it ``kills`` times, until every stage was hit; returns the kills by stage.

    Two of three wait for a job of a stage that was not hit yet and come within the first half of its time; the others
    come at any moment of the run.
    """
    hit: Counter[str] = Counter()
    done = 0
    while done < kills:
        run = Run(folder)
        if done % 3 == 2:
            end = time.monotonic() + chance.uniform(0.5, 0.3 * sum(longest.values()) / len(longest) + 8)
            while not run.ended and time.monotonic() < end:
                time.sleep(0.02)
        else:
            _wait_within(run, longest, hit, chance)
        said = run.running()
        if run.ended:  # before it could be killed: a part is made anew
            for name in REMADE:
                shutil.rmtree(folder / "results" / name, ignore_errors=True)
            continue
        run.kill()
        done += 1
        hit.update(said or {"between jobs"})
        print(f"  kill {done:2}: {', '.join(sorted(said)) or 'between jobs'}", flush=True)
    return hit | Counter(kills=done)


def _wait_within(run: Run, longest: dict[str, float], hit: Counter[str], chance: random.Random) -> None:
    """Wait for a moment within a job of a stage that was not hit yet (any, if there is none), or for the end."""
    wanted = [name for name in STAGES if not hit[name]] or STAGES
    while not run.ended:
        target = next((name for name in wanted if name in run.running()), "")
        end = time.monotonic() + chance.uniform(0, 0.5 * longest.get(target, 0.0))
        while target and not run.ended and target in run.running():
            if time.monotonic() >= end:
                return
            time.sleep(0.02)
        time.sleep(0.02)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30, help="how often to kill (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (%(default)s)")
    parser.add_argument("--folder", type=Path, help="work here, take an undisturbed run that is there, leave all of it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="justlmd-crash-") as temporary:
        place = arguments.folder or Path(temporary)
        undisturbed, killed = place / "undisturbed", place / "killed"
        with media_server(_port_of(undisturbed)) as server:
            serve(server, place / "videos")
            if not (undisturbed / "results/view/index.html").is_file():
                prepare(undisturbed, place / "videos", server)
                print(f"the undisturbed run took {whole_run(undisturbed):.0f} s", flush=True)
            longest = durations(undisturbed)
            if missing := set(STAGES) - set(longest):
                raise SystemExit(f"FAILED: the undisturbed run had no {', '.join(sorted(missing))}")
            shutil.rmtree(killed, ignore_errors=True)
            shutil.copytree(undisturbed, killed, ignore=shutil.ignore_patterns("results", ".snakemake", "run.log"))
            hit = kill_again_and_again(killed, longest, arguments.kills, random.Random(arguments.seed))
            whole_run(killed)
            wrong = differences(undisturbed, killed)
            count, files = hit.pop("kills"), len(contents(undisturbed))
    print("\n" + "\n".join(f"{name:20} {hit[name]:3}" for name in [*STAGES, "between jobs"]))
    wrong += [f"{name} was never killed" for name in STAGES if not hit[name]]
    if count < arguments.kills:
        wrong.append(f"only {count} kills: the run was done before the others")
    print(f"\n{count} kills; {files} files compared, {len(wrong)} differences")
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
