"""What EasyMocap needs on disk, and the command that runs it."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EASYMOCAP_COMMAND = (
    "apps/fit/fit.py",
    "--cfg_model", "config/model/smpl.yml",
    "--cfg_data", "config/data/multivideo.yml",
    "--cfg_exp", "config/fit/1v1p.yml",
    "--opt_data", "args.path", "{data}", "args.camera", "{data}", "args.out", "{data}/output-smpl-3d",
    "args.subs", "['video']", "args.writer.render.enable", "False",
    "--opt_exp", "args.stages.joints.loss.k2d.weight", "10000.", "args.stages.joints.loss.smoothposes.weight", "20.",
)  # fmt: skip
"""EasyMocap's monocular fit with the weights of its mode ``mono-smpl-fast``, as the original used it. Its front end,
apps/demo/mocap.py, pastes paths into shell commands and ends with success when the fit has failed."""

EASYMOCAP_SMPL = "data/bodymodels/SMPL_python_v.1.1.0/smpl/models/basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl"

_EASYMOCAP_FILES = {
    EASYMOCAP_SMPL: "the neutral SMPL model, version 1.1.0, from https://smpl.is.tue.mpg.de (account needed)",
    "data/smplx/J_regressor_body25.npy": "the regressor of OpenPose's points, linked in EasyMocap's installation page",
    "data/models/spin_checkpoint.pt": "SPIN's weights, linked in EasyMocap's installation page",
    "data/models/smpl_mean_params.npz": "SPIN's mean parameters, linked in EasyMocap's installation page",
    "config/model/smpl.yml": "a part of EasyMocap itself; is the folder a complete checkout?",
    "config/data/multivideo.yml": "a part of EasyMocap itself; is the folder a complete checkout?",
    "config/fit/1v1p.yml": "a part of EasyMocap itself; is the folder a complete checkout?",
}


def easymocap_command(options: Mapping[str, Any], data: Path) -> list[str]:
    """The argument list that runs EasyMocap on the folder ``data``."""
    command = options["command"] or EASYMOCAP_COMMAND
    python = Path(options["python"]).expanduser()
    if python.name != str(python):  # EasyMocap runs in its own folder, from where a relative path leads elsewhere
        python = python.absolute()
    return [str(python), *(part.replace("{data}", str(data)) for part in command)]


def _easymocap_problems(options: Mapping[str, Any]) -> list[str]:
    if not options["root"] or not options["python"]:
        return ["config 'easymocap': root (EasyMocap's folder) and python (its environment's) are needed"]
    problems = []
    root, python = Path(options["root"]).expanduser(), Path(options["python"]).expanduser()
    if not os.access(python, os.X_OK) and not shutil.which(str(python)):
        problems.append(
            f"config 'easymocap.python': {python} is no program; it is bin/python of the environment that "
            "envs/easymocap.yaml describes"
        )
    if not root.is_dir():
        return [
            *problems,
            f"config 'easymocap.root': there is no folder {root}; it is a checkout of EasyMocap",
        ]
    needed = dict(_EASYMOCAP_FILES)
    for part in (options["command"] or EASYMOCAP_COMMAND)[:1]:
        needed[part] = "the program to run (easymocap.command)"
    for name, what in needed.items():
        if not (root / name).is_file():
            problems.append(f"config 'easymocap.root': {root / name} is missing; it is {what}")
    return problems
