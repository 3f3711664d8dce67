"""Runs in a Python that has aitviewer: what its own reading of an AMASS file shows.

    python in_aitviewer.py MODEL.npz DANCE.npz RESULT.npz

``MODEL.npz`` holds a body in the layout of an SMPL-H file. Writes the joints (T, 22, 3) in the viewer's world (y up).
"""

import pickle
import sys
import tempfile
from pathlib import Path

import numpy as np


def main(model: str, dance: str, result: str) -> None:
    from aitviewer.configuration import CONFIG
    from aitviewer.renderables.smpl import SMPLSequence

    with tempfile.TemporaryDirectory() as folder, np.load(model) as arrays:
        path = Path(folder, "smplh", "SMPLH_FEMALE.pkl")  # what aitviewer takes for a neutral gender
        path.parent.mkdir()
        path.write_bytes(pickle.dumps(dict(arrays)))
        CONFIG.update_conf({"smplx_models": folder})
        sequence = SMPLSequence.from_amass(dance, log=False)
    joints = sequence.joints[:, :22]
    turned = joints @ sequence.model_matrix[:3, :3].T + sequence.model_matrix[:3, 3]
    np.savez(result, joints=turned)


if __name__ == "__main__":
    main(*sys.argv[1:])
