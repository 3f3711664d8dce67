"""A real SLURM on this machine in which everything fails once: the second half of ``make test-slurm``.

Songs whose step ``lyrics`` was made slow in a copy of the project. One runs into its time limit and gets a longer
second try, one is cancelled by hand, one has lyrics that only people can mend; for others the node goes down and comes
back, the controller is killed and started again, and the driver is killed and the same command typed again.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cluster import ROOT, Cluster, ClusterError, cluster, copy_project, install, jobs

SLOW_S = {"slow": 80, "cancelled": 30, "requeued": 30, "outage": 40, "abandoned": 30}
"""How long the step of a song takes; one minute is allowed at first."""
LRC = "[00:00.50]here we go\n[00:02.00]round\n[00:07.20]\n"
TARGET = "results/songs/{}/lyrics.json"
SLEEP = """
    import time

    time.sleep({delays}.get(snakemake.wildcards.song, 0))
"""


def prepare(folder: Path) -> Path:
    """The project with these songs, whose motion comes from a file, and with a slow step."""
    copy_project(ROOT, folder)
    script = folder / "workflow_scripts/lyrics.py"
    begin = "def main(snakemake) -> str:\n"
    text = script.read_text()
    assert begin in text
    script.write_text(text.replace(begin, begin + SLEEP.format(delays=SLOW_S).lstrip("\n")))
    (folder / "good.lrc").write_text(LRC)
    (folder / "broken.lrc").write_text("no line has a time\n")
    (folder / "motion.json").write_text("{}")
    rows = [f"{name}\t\tgood.lrc\tmotion.json" for name in SLOW_S] + ["faulty\t\tbroken.lrc\tmotion.json"]
    (folder / "songs.tsv").write_text("\n".join(["id\turl\tlyrics\tmotion", *rows]) + "\n")
    return folder


class Driver:
    """One ``snakemake --workflow-profile profiles/slurm`` for the lyrics of some songs."""

    def __init__(self, running: Cluster, project: Path, *songs: str) -> None:
        self.running, self.log = running, project / f"{'_'.join(songs)}.log"
        targets = [TARGET.format(song) for song in songs]
        options = ["--workflow-profile", "profiles/slurm", "--latency-wait", "10"]
        options += ["--slurm-init-seconds-before-status-checks", "3", "--set-resources", "lyrics:runtime=2*attempt-1"]
        options += ["--groups", "lyrics_embeddings=text"]  # a job of its own for each song
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *targets, *options],
                cwd=project, env=running.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait_for(self, song: str, state: str, seconds: float = 300) -> str:
        """The id of the job of a song when it is in this state for the first time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for job in self.jobs_of(song):
                if job["JobState"] == state:
                    return job["JobId"]
            if self.process.poll() is not None:
                break
            time.sleep(0.3)
        raise ClusterError(f"no job of {song} was {state}; the driver said:\n{self.log.read_text()[-3000:]}")

    def jobs_of(self, song: str) -> list[dict[str, str]]:
        """The jobs of a song in their order."""
        noted = [job for job in jobs(self.running) if job.get("Comment", "").endswith(f"_{song}")]
        return sorted(noted, key=lambda job: int(job["JobId"]))

    def end(self, seconds: float = 900) -> tuple[int, str]:
        """Exit code and output when it is done."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGINT)
            raise ClusterError(f"the driver hangs:\n{self.log.read_text()[-3000:]}") from None
        return code, self.log.read_text()


def check(what: str, holds: bool, problems: list[str]) -> None:
    """Print what was found; what does not hold is a problem."""
    print(f"  {'ok  ' if holds else 'FAIL'} {what}", flush=True)
    if not holds:
        problems.append(what)


def limits_and_faults(running: Cluster, project: Path) -> list[str]:
    """A time limit, a job cancelled by hand and a song that only people can mend, in one run."""
    problems: list[str] = []
    driver = Driver(running, project, "slow", "cancelled", "faulty")
    running.ask("scancel", driver.wait_for("cancelled", "RUNNING"))
    code, said = driver.end()
    states = {song: [job["JobState"] for job in driver.jobs_of(song)] for song in ("slow", "cancelled", "faulty")}
    limits = [job["TimeLimit"] for job in driver.jobs_of("slow")]
    lines = [line for line in said.splitlines() if "broken.lrc" in line and "faulty" in line]
    check(f"a job over its time limit got a longer second try: {states['slow']}, {limits}",
          states["slow"] == ["TIMEOUT", "COMPLETED"] and limits == ["00:01:00", "00:03:00"], problems)  # fmt: skip
    check(f"a job cancelled by hand was submitted again: {states['cancelled']}",
          states["cancelled"] == ["CANCELLED", "COMPLETED"], problems)  # fmt: skip
    others = all((project / TARGET.format(song)).is_file() for song in ("slow", "cancelled"))
    check(f"the other songs went on, and the run failed (exit code {code})", code == 1 and others, problems)
    check(f"the driver's screen says what is wrong with the faulty song: {lines[-1:]}", bool(lines), problems)
    retried = list((project / "results/songs/faulty/logs").glob("lyrics.log"))
    said_of_job = retried[0].read_text() if retried else ""
    check("its second try did not work again on what only people can mend",
          len(states["faulty"]) == 1 or "not tried again" in said_of_job, problems)  # fmt: skip
    return problems


def node_down(running: Cluster, project: Path) -> list[str]:
    """The node of a running job goes down and comes back."""
    problems: list[str] = []
    driver = Driver(running, project, "requeued")
    job = driver.wait_for("requeued", "RUNNING")
    running.ask("scontrol", "update", "NodeName=cpu1", "State=DOWN", "Reason=test")
    time.sleep(3)
    with suppress(ClusterError):  # it may have come back by itself
        running.ask("scontrol", "update", "NodeName=cpu1", "State=RESUME")
    code, _ = driver.end()
    found = {job["JobId"]: job for job in driver.jobs_of("requeued")}
    restarts = found[job].get("Restarts", "0")
    ended = code == 0 and (project / TARGET.format("requeued")).is_file()
    check(f"after its node was down the job ran again (restarts: {restarts})", int(restarts) >= 1, problems)
    check(f"and the run ended (exit code {code})", ended, problems)
    return problems


def controller_killed(running: Cluster, project: Path) -> list[str]:
    """SLURM's controller is killed while a job runs, and started again."""
    problems: list[str] = []
    driver = Driver(running, project, "outage")
    driver.wait_for("outage", "RUNNING")
    time.sleep(10)  # killed before it wrote that the job runs, it would start it twice and hold it
    running.daemons["slurmctld"].kill()
    running.daemons["slurmctld"].wait()
    time.sleep(8)
    running.start("slurmctld", "slurmctld", "-D", "-f", running.environment["SLURM_CONF"])
    code, _ = driver.end()
    check(f"the run outlived an outage of the controller (exit code {code})",
          code == 0 and (project / TARGET.format("outage")).is_file(), problems)  # fmt: skip
    return problems


def driver_killed(running: Cluster, project: Path) -> list[str]:
    """The driver is killed while its job runs; when the job is over, the same command goes on."""
    problems: list[str] = []
    driver = Driver(running, project, "abandoned")
    driver.wait_for("abandoned", "RUNNING")
    with suppress(ProcessLookupError):
        os.killpg(driver.process.pid, signal.SIGKILL)
    driver.process.wait()
    end = time.monotonic() + 300
    while any(job["JobState"] in ("RUNNING", "PENDING") for job in driver.jobs_of("abandoned")):
        if time.monotonic() > end:
            raise ClusterError("the job of a killed driver does not end")
        time.sleep(1)
    code, said = Driver(running, project, "abandoned").end()
    went_on = code == 0 and "lock is released" in said and (project / TARGET.format("abandoned")).is_file()
    check(f"after its driver was killed the same command went on (exit code {code})", went_on, problems)
    return problems


PARTS: tuple[Callable[[Cluster, Path], list[str]], ...] = (
    limits_and_faults,
    node_down,
    controller_killed,
    driver_killed,
)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that daemons are stopped then, too
    problems: list[str] = []
    try:
        install()
        with tempfile.TemporaryDirectory(prefix="justlmd-project-") as folder, cluster() as running:
            project = prepare(Path(folder))
            for part in PARTS:
                start = time.monotonic()
                print((part.__doc__ or "").splitlines()[0], flush=True)
                problems += part(running, project)
                print(f"  ({time.monotonic() - start:.0f} s)", flush=True)
    except ClusterError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
