"""A real SLURM on this machine, for one run of the workflow: ``make test-slurm``.

Starts munged, slurmctld and two nodes (one of them with a made-up GPU) on loopback in a temporary folder, runs two
songs of the demo through sbatch in a copy of the project, looks at what SLURM says about every job, asks for the same
files again and stops everything that it started. Installs Debian's packages when they are missing (as root).
"""

import argparse
import contextlib
import csv
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
PACKAGES = ("slurm-wlm", "munge")
GPU_RULES = ("recovery",)
TARGETS = ("smplfull.json", "audio_features.npz", "lyrics_embeddings.npz", "quality.json")

SLURM_CONF = """\
ClusterName=justlmd
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={state}/munge.socket
StateSaveLocation={state}/controller
SlurmctldPidFile={state}/slurmctld.pid
SlurmctldLogFile={state}/slurmctld.log
SlurmdSpoolDir={state}/%n
SlurmdPidFile={state}/slurmd.%n.pid
SlurmdLogFile={state}/slurmd.%n.log
# containers and old hosts have no usable cgroups; memory limits are then asked for but not enforced
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog={state}/note_device.sh
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
# lets a node claim more cores and memory than the host has
SlurmdParameters=config_overrides
ReturnToService=2
# squeue and scontrol must still know finished jobs when they are asked
MinJobAge=3600
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=100000
KillWait=2
SlurmctldTimeout=10
SlurmdTimeout=10
AccountingStorageType=accounting_storage/none
MpiDefault=none
NodeName=cpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={cpu_port} CPUs=4 RealMemory=16000
NodeName=gpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={gpu_port} CPUs=2 RealMemory=16000 Gres=gpu:1
PartitionName=cpu Nodes=cpu1 Default=YES
PartitionName=gpu Nodes=gpu1
"""
# The file is never opened while devices are not constrained; a count alone would mark the node as invalid.
GRES_CONF = "AutoDetect=off\nNodeName=gpu1 Name=gpu File=/dev/null\n"
NOTE_DEVICE = """\
#!/bin/sh
# Runs inside each job before its command: what the job sees is the proof that it was given the GPU.
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES:-none}}" >> {state}/devices.txt
"""
# The plugin keeps SLURM_CONF from the srun inside a job, which would then look for the cluster of /etc/slurm.
SRUN = """\
#!/bin/sh
SLURM_CONF={state}/slurm.conf exec {srun} "$@"
"""


class ClusterError(Exception):
    """What is wrong, and what to do; printed as one line."""


def install() -> None:
    """Install what is missing of SLURM and munge, where apt-get and root are at hand."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=search_path())]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise ClusterError(
            f"{', '.join(missing)}: not on this machine. As root on Debian or Ubuntu this program installs them;"
            f" elsewhere install SLURM and munge yourself ({' '.join(command)})"
        )
    print(f"Installing {' and '.join(PACKAGES)} ({', '.join(missing)} missing)", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        result = subprocess.run(step, env=environment, capture_output=True, text=True)
        if result.returncode:
            raise ClusterError(f"'{' '.join(step)}' failed: {result.stderr.strip() or result.stdout.strip()}")


def search_path() -> str:
    """PATH with the folders of daemons, which users' shells often leave out."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass
class Cluster:
    """A running SLURM; its clients find it through ``environment``."""

    state: Path
    environment: dict[str, str]
    daemons: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground of its own session and note its pid."""
        with (self.state / f"{name}.out").open("w") as out:
            process = subprocess.Popen(
                command, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.daemons[name] = process
        (self.state / f"{name}.started").write_text(f"{process.pid}\n")

    def ask(self, *command: str) -> str:
        """Standard output of one client command."""
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        if result.returncode:
            raise ClusterError(f"'{' '.join(command)}' failed: {result.stderr.strip()}")
        return result.stdout

    def wait_until_idle(self, seconds: float = 30) -> None:
        """Wait until both nodes take jobs.

        Raises
        ------
        ClusterError
            With the last lines of every daemon's log.
        """
        end = time.monotonic() + seconds
        states = ""
        while time.monotonic() < end and all(process.poll() is None for process in self.daemons.values()):
            with contextlib.suppress(ClusterError):
                states = self.ask("sinfo", "--Node", "--noheader", "--format=%N %T")
                if {line.split()[1] for line in states.splitlines()} == {"idle"}:
                    return
            time.sleep(0.2)
        logs = [path for path in sorted(self.state.iterdir()) if path.suffix in (".log", ".out")]
        tails = "\n".join(f"--- {path.name}\n" + "".join(path.read_text().splitlines(True)[-8:]) for path in logs)
        raise ClusterError(f"SLURM did not start within {seconds:g} s; nodes: {states.split() or 'none'}\n{tails}")

    def stop(self) -> None:
        """Cancel what still runs and end every daemon that this program started."""
        with contextlib.suppress(ClusterError, subprocess.TimeoutExpired, FileNotFoundError):
            self.ask("scancel", "--user", getpass.getuser())
            end = time.monotonic() + 15
            while self.ask("squeue", "--noheader") and time.monotonic() < end:
                time.sleep(0.5)
        for process in reversed(self.daemons.values()):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A throw-away SLURM with a node ``cpu1`` and a node ``gpu1``, each in a partition of its own."""
    state = Path(tempfile.mkdtemp(prefix="justlmd-slurm-"))
    state.chmod(0o755)  # munged wants the folder of its socket open to all clients
    (state / "controller").mkdir()
    controller_port, cpu_port, gpu_port = free_ports(3)
    host = socket.gethostname().split(".")[0]
    settings = {
        "state": state,
        "srun": shutil.which("srun", path=search_path()),
        "host": host,
        "user": getpass.getuser(),
        "controller_port": controller_port,
        "cpu_port": cpu_port,
        "gpu_port": gpu_port,
    }
    (state / "slurm.conf").write_text(SLURM_CONF.format(**settings))
    (state / "gres.conf").write_text(GRES_CONF)
    for name, text in {"note_device.sh": NOTE_DEVICE, "bin/srun": SRUN}.items():
        (state / name).parent.mkdir(exist_ok=True)
        (state / name).write_text(text.format(**settings))
        (state / name).chmod(0o755)
    key = state / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
    environment |= {"PATH": f"{state}/bin:{search_path()}", "SLURM_CONF": str(state / "slurm.conf")}
    running = Cluster(state, environment)
    try:
        munge_files = [
            f"--{name}={state}/{file}"
            for name, file in {
                "socket": "munge.socket",
                "key-file": "munge.key",
                "pid-file": "munged.pid",
                "seed-file": "munge.seed",
                "log-file": "munged.log",
            }.items()
        ]
        running.start("munged", "munged", "--foreground", *munge_files)
        running.start("slurmctld", "slurmctld", "-D", "-f", environment["SLURM_CONF"])
        for node in ("cpu1", "gpu1"):
            running.start(f"slurmd.{node}", "slurmd", "-D", "-N", node, "-f", environment["SLURM_CONF"])
        running.wait_until_idle()
        yield running
    finally:
        running.stop()
        shutil.rmtree(state, ignore_errors=True)


def copy_project(project: Path, target: Path) -> Path:
    """Copy what git knows or does not ignore, so that the checkout's ``results/`` stays as it is."""
    names = subprocess.run(
        ["git", "-C", str(project), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        source = project / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def first_songs(project: Path, count: int) -> list[str]:
    """Ids of the first songs of the table."""
    with (project / "songs.tsv").open(encoding="utf-8", newline="") as file:
        return [row["id"] for row in csv.DictReader(file, delimiter="\t")][:count]


def run_workflow(running: Cluster, project: Path, targets: list[str], seconds: float) -> tuple[int, str]:
    """Run snakemake with the SLURM profile; its output goes to the terminal too. Returns exit code and output."""
    command = [
        *(sys.executable, "-m", "snakemake", *targets),
        *("--workflow-profile", "profiles/slurm"),
        # one machine: files appear at once, and nobody minds frequent questions
        *("--latency-wait", "10", "--slurm-init-seconds-before-status-checks", "3"),
    ]
    print(" ".join(["snakemake", *command[3:]]), flush=True)
    lines = []
    process = subprocess.Popen(
        command,
        cwd=project,
        env=running.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    # an interrupt cancels the jobs; the termination signal would wait for them
    signal.signal(signal.SIGALRM, lambda *_: process.send_signal(signal.SIGINT))
    signal.alarm(int(seconds))
    try:
        for line in process.stdout:
            print("   ", line, end="", flush=True)
            lines.append(line)
        return process.wait(), "".join(lines)
    finally:
        signal.alarm(0)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def jobs(running: Cluster) -> list[dict[str, str]]:
    """What SLURM knows about every job: its fields, and ``Rule`` and ``Devices``."""
    devices: dict[str, set[str]] = {}
    noted = running.state / "devices.txt"
    for line in noted.read_text().splitlines() if noted.exists() else []:
        job, device = line.split(maxsplit=1)
        devices.setdefault(job, set()).add(device)
    found = []
    for line in running.ask("scontrol", "--oneliner", "show", "job").splitlines():
        fields = dict(part.split("=", 1) for part in line.split(" ") if "=" in part)
        if "JobId" in fields:
            fields["Rule"] = re.sub(r"^(rule|group)_|_wildcards_.*", "", fields.get("Comment", ""))
            fields["Devices"] = ",".join(sorted(devices.get(fields["JobId"], set())))
            fields["Gpus"] = fields.get("TresPerJob", "") + fields.get("TresPerNode", "")
            found.append(fields)
    return found


def problems_of(found: list[dict[str, str]], songs: list[str]) -> list[str]:
    """What is wrong with the jobs: failed ones, GPU rules that were no GPU jobs, others that were."""
    problems = [
        f"job {job['JobId']} ({job['Rule']}): {job['JobState']}" for job in found if job["JobState"] != "COMPLETED"
    ]
    on_gpus = sorted((job["StartTime"], job["EndTime"], job["JobId"]) for job in found if job["Partition"] == "gpu")
    problems += [  # the node has one GPU
        f"jobs {first[2]} and {second[2]} had the GPU at the same time"
        for first, second in pairwise(on_gpus)
        if second[0] < first[1]
    ]
    if not any(job["Rule"].startswith("text_lyrics") for job in found):
        problems.append("the short steps of the lyrics were no group")
    for rule in GPU_RULES:
        count = sum(job["Rule"] == rule for job in found)
        if count != len(songs):
            problems.append(f"{rule}: {count} jobs for {len(songs)} songs")
    for job in found:
        on_gpu = job["Partition"] == "gpu" and "gpu" in job["Gpus"] and job["Devices"] == "0"
        if job["Rule"] in GPU_RULES and not on_gpu:
            problems.append(
                f"job {job['JobId']} ({job['Rule']}) was no GPU job: partition {job['Partition']},"
                f" asked for '{job['Gpus']}', CUDA_VISIBLE_DEVICES {job['Devices'] or 'not noted'}"
            )
        if job["Rule"] not in GPU_RULES and (job["Partition"] == "gpu" or job["Gpus"]):
            problems.append(f"job {job['JobId']} ({job['Rule']}) occupied the GPU partition")
    return problems


def show_logs(project: Path, found: list[dict[str, str]]) -> None:
    """Print the end of every failed job's logs, which the temporary copy takes with it."""
    for job in found:
        if job["JobState"] != "COMPLETED":
            for log in (project / ".snakemake" / "slurm_logs").rglob(f"{job['JobId']}.log"):
                text = log.read_text()
                of_rule = [project / name for name in re.findall(r"^ +log: (\S+) \(check", text, re.MULTILINE)]
                for path in filter(Path.is_file, dict.fromkeys([log, *of_rule])):
                    tail = "".join(path.read_text().splitlines(True)[-15:])
                    print(f"--- job {job['JobId']}: {path.relative_to(project)}\n{tail}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=ROOT, help="folder with the Snakefile (default: this project)")
    parser.add_argument("--songs", nargs="+", help="ids of songs (default: the first two of songs.tsv)")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds for the first run (default: 1200)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that daemons are stopped then, too
    songs = arguments.songs or first_songs(arguments.project, 2)
    targets = [f"results/songs/{song}/{name}" for song in songs for name in TARGETS]
    start = time.monotonic()
    try:
        install()
        with tempfile.TemporaryDirectory(prefix="justlmd-project-") as folder, cluster() as running:
            print(f"SLURM runs ({time.monotonic() - start:.1f} s): nodes cpu1 and gpu1 (one made-up GPU)", flush=True)
            project = copy_project(arguments.project, Path(folder))
            code, _ = run_workflow(running, project, targets, arguments.timeout)
            first_run = time.monotonic() - start
            found = jobs(running)
            problems = problems_of(found, songs)
            problems += [f"{target}: not there" for target in targets if not (project / target).is_file()]
            if code:
                problems.insert(0, f"snakemake ended with exit code {code}")
                show_logs(project, found)
            else:
                code, output = run_workflow(running, project, targets, 120)
                if code or "Nothing to be done" not in output:
                    problems.append(f"the second run (exit code {code}) found something to do")
                if (again := len(jobs(running)) - len(found)) > 0:
                    problems.append(f"the second run submitted {again} jobs")
    except ClusterError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    row = "{:>5}  {:<36} {:<9} {:<10} {:<11} {:<8} {}"
    print("\n" + row.format("job", "rule", "partition", "state", "gpus", "devices", "run time"))
    for job in sorted(found, key=lambda job: int(job["JobId"])):
        columns = ("JobId", "Rule", "Partition", "JobState", "Gpus", "Devices", "RunTime")
        print(row.format(*(job.get(column) or "-" for column in columns)))
    print(
        f"\n{len(found)} jobs of {len(songs)} songs in {first_run:.0f} s; a second run had nothing to do."
    ) if not problems else None
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
