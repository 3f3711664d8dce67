#!/usr/bin/env python3
"""Answers Snakemake like ``conda`` without any channel: an environment is this Python plus a note of each call.

It shows that rules find their environment file, that scripts run inside the environment made from it and find the
library there, and that a changed pin is noticed. It does not show that the pins can be installed together.
"""

import json
import os
import sys
from pathlib import Path

PYTHON = """\
#!/bin/sh
echo "$@" >> {prefix}/calls
exec {python} "$@"
"""


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def main(arguments: list[str]) -> int:
    base = Path(__file__).resolve().parents[1]
    if arguments[:1] == ["--version"]:
        print("conda 25.1.1")
    elif arguments[:1] == ["info"]:
        print(json.dumps({"conda_prefix": str(base), "root_prefix": str(base), "platform": "linux-64"}))
    elif arguments[:1] == ["config"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[:2] == ["env", "create"]:
        options = {arguments[i]: arguments[i + 1] for i in range(2, len(arguments) - 1)}
        prefix = Path(options.get("--prefix") or options["-p"]).resolve()
        environment = Path(options.get("--file") or options["-f"]).read_text(encoding="utf-8")
        write_program(prefix / "bin" / "python", PYTHON.format(prefix=prefix, python=os.environ["STAND_IN_PYTHON"]))
        (prefix / "conda-meta").mkdir(exist_ok=True)
        (prefix / "environment.yaml").write_text(environment, encoding="utf-8")
    elif arguments[:1] != ["clean"]:
        print(f"no answer to conda {' '.join(arguments)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
