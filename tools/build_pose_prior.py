"""Build ``justlmd/data/pose_prior.npz``, what the fit of :mod:`justlmd.recovery.fit` believes about poses before it
looks.

A Gaussian over the angles of the joints that the fit turns, measured on choreographies of this project, so that its
terms are the project's own. Run ``python -m tools.build_pose_prior``; the same code gives the same bytes.
"""

import argparse
from pathlib import Path

import numpy as np

from demo.build import triggers_of
from demo.choreography import dance
from demo.plan import plan
from demo.score import beats_s, words
from demo.song_list import SONGS
from justlmd.body.kinematics import mirrored_pose
from justlmd.body.model import Body, load_body
from justlmd.core.files import write_npz
from justlmd.recovery.pose_prior import PRIOR_PATH
from justlmd.recovery.skeleton import FREE_JOINTS

DANCES = 24
FIRST_SEED = 1000
"""Dances of the prior are not those of the demo's songs, which are used to measure."""

SPREAD = 0.2
"""Standard deviation in rad that every angle has beside what the dances show: real dancers do more than these."""


def dance_angles(body: Body) -> np.ndarray:
    """Rotation vectors (N, 57) of the free joints in all dances and their mirror images."""
    poses = []
    for number in range(DANCES):
        song = SONGS[number % len(SONGS)]
        beats = beats_s(song)
        planned = plan(beats, triggers_of(words(song)), FIRST_SEED + number, song.duration_s)
        poses.append(dance(planned, beats, song.frames, body, np.zeros(10)).body_pose)
    pose = np.concatenate([np.zeros((sum(map(len, poses)), 3)), np.concatenate(poses)], axis=1).reshape(-1, 24, 3)
    return np.concatenate([pose, mirrored_pose(pose)])[:, FREE_JOINTS].reshape(-1, 3 * len(FREE_JOINTS))


def main() -> None:
    """Write the prior and say how wide it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_pose_prior", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PRIOR_PATH, help="file to write (default: %(default)s)")
    arguments = parser.parse_args()
    angles = dance_angles(load_body())
    covariance = np.cov(angles.T) + SPREAD**2 * np.eye(angles.shape[1])
    precision = np.linalg.inv(covariance)
    precision = (precision + precision.T) / 2
    # Rounded, so that the last bits of another machine's linear algebra do not change the file.
    write_npz(arguments.out, mean=angles.mean(0).round(5), precision=precision.round(4))
    spread = np.sqrt(np.diag(covariance))
    print(f"{arguments.out}: {len(angles)} poses, angles vary by {spread.min():.2f} to {spread.max():.2f} rad")


if __name__ == "__main__":
    main()
