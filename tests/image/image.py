"""Build the Dockerfile and run the image: ``make test-image``.

With docker or podman where one of them works, as users do. Else, as root on Debian, with buildah in a clean root that
debootstrap makes, which needs neither a daemon nor a registry. The image runs one song of the demo for a user without
a name, and a dry run of the whole demo, in an empty folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
IMAGE = "localhost/justlmd-test"
USER = "1234:1234"
BUILDAH = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def run(*command: str, read: bool = False) -> str:
    """Run a command and show it; what it prints comes back with ``read``."""
    print("$", *command, flush=True)
    environment = os.environ | (BUILDAH if command[0] == "buildah" else {})
    done = subprocess.run(command, check=True, cwd=PROJECT, env=environment, text=True, capture_output=read)
    return (done.stdout or "").strip()


def engine() -> str | None:
    """The container engine that works here, if any."""
    for name in ("docker", "podman"):
        if shutil.which(name) and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0:
            return name
    return None


def base() -> str:
    """The image that the Dockerfile begins with."""
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("FROM "))


def build_base(root: Path) -> list[str]:
    """Make the base with debootstrap; return the options with which the computer's own packages for pip are seen."""
    release = base().split(":")[1].removesuffix("-slim")
    run("debootstrap", "--variant=minbase", release, str(root))
    (root / "usr/local/share/ca-certificates").mkdir(parents=True)
    shutil.copy(CERTIFICATES, root / "usr/local/share/ca-certificates/host.crt")
    volumes = []
    for settings in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"):
        if settings.is_file():
            shutil.copy(settings, root / "etc/pip.conf")
            words = settings.read_text().replace("file://", "").split()
            named = [Path(word) for word in words if word.startswith("/") and Path(word).is_dir()]
            folders = {folder.parent if folder.name == "simple" else folder for folder in named}  # an index's files
            volumes = [f"--volume={folder}:{folder}:ro" for folder in sorted(folders)]
    container = run("buildah", "from", "scratch", read=True)
    run("buildah", "copy", "--quiet", container, str(root), "/")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"):
        run("buildah", "config", "--env", f"{name}={CERTIFICATES}", container)
    run("buildah", "commit", "--quiet", "--rm", container, f"docker.io/library/{base()}")
    return volumes


def try_image(within: list[str], command: list[str], work: Path) -> None:
    """Run what the image runs, for one song, and then dry for all of them."""
    song = "results/view/paper_star.html"
    run(*within, *command, "--cores", "2", "--resources", "gpu=1", "--", song)
    if not (work / song).is_file():
        raise SystemExit(f"the image made no {song}")
    run(*within, *command, "--dry-run", "--quiet")


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "work"
        work.mkdir(mode=0o777)
        work.chmod(0o777)
        Path(scratch).chmod(0o755)
        if name := engine():
            run(name, "build", "--tag", IMAGE, ".")
            try_image([name, "run", "--rm", "--user", USER, "--volume", f"{work}:/work", IMAGE], [], work)
            return 0
        missing = [program for program in ("buildah", "debootstrap") if not shutil.which(program)]
        if missing or os.getuid() != 0:
            raise SystemExit("needs docker or podman; or root, and: apt-get install buildah debootstrap")
        volumes = build_base(Path(scratch) / "root")
        shutil.rmtree(Path(scratch) / "root")
        run("buildah", "bud", "--pull=never", "--layers=false", *volumes, "--tag", IMAGE, ".")
        container = run("buildah", "from", "--pull=never", IMAGE, read=True)
        settings = json.loads(run("buildah", "inspect", "--type", "image", IMAGE, read=True))["OCIv1"]["config"]
        within = ["buildah", "run", "--user", USER, "--volume", f"{work}:/work", container, "--"]
        try_image(within, settings["Entrypoint"], work)
        run("buildah", "rm", container)
        run("buildah", "rmi", IMAGE, base())
    return 0


if __name__ == "__main__":
    sys.exit(main())
