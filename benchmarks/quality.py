"""The quality gate on films whose faults are known, and on real clips: every verdict beside the right one.

    python -m benchmarks.quality [--short] [--data DIR] [--only WORD]

The films are those of ``benchmarks/quality_films/cases.py``: dances of the demo and of ``DIR/motion`` in drawn rooms,
and the clips of ``DIR/clips``, as good dance-game videos and with one fault each. Every film goes the whole way from
its pixels: 2D pose with image signals, fit, verdict. Limits were chosen on the even half; the odd half is the figure.
Prints the verdicts and the figures, and writes ``benchmarks/results/quality.json``. What was made once is kept in
``benchmarks/results/quality_cache``, so that a change of the gate alone is judged within a minute. ``--short``: every
seventh film; without ``DIR`` the films that need it are left out.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import options
from benchmarks.quality_films.cases import CASES, Case
from benchmarks.quality_films.layouts import plain
from benchmarks.quality_films.scenes import at_speed
from benchmarks.quality_films.stages import Stages, joints_between
from demo.build import motion_of
from demo.song_list import SONGS
from justlmd.body.model import load_body
from justlmd.core.files import write_json
from justlmd.motion.motion import CameraMotion, to_yup
from justlmd.motion.smplfull import read_smplfull
from justlmd.quality.criteria import CRITERIA
from justlmd.quality.gate import assess
from justlmd.quality.motion_checks import USUAL_PACE_HZ, motion_pace

RESULTS = Path(__file__).parent / "results" / "quality.json"
MOVED_MM = 80
"""Mean distance of the joints by which a spoilt image may not move the result unseen; below half of it, it is good."""
SHORT_EVERY = 7


def judge(case: Case, stages: Stages) -> dict[str, Any]:
    """The verdict on one case and what is right: ``kept``, ``failed``, ``figures``, ``right`` (None: either is)."""
    body = load_body()
    video = stages.video(case)
    keypoints2d, pose_s = stages.keypoints(video)
    motion = stages.motion(keypoints2d)
    unsure = stages.uncertainty(keypoints2d)
    found = assess(
        motion,
        body,
        keypoints2d=keypoints2d,
        image_signals=stages.signals(video, keypoints2d),
        uncertainty=[(int(frame), float(mm)) for frame, mm in unsure],
    )
    figures, limits = found["figures"], found["thresholds"]
    failed = [c.name for c in CRITERIA if c.name in figures and c.fails(figures[c.name], limits[c.name])]
    if found["reasons"] == ["nobody was found"]:
        failed = ["nobody"]
    expected: tuple[str, ...] | None = case.expected
    moved = None
    if case.compared:
        moved = moved_mm(motion, stages.motion(stages.keypoints(stages.video(replace(case, change=plain)))[0]))
        expected = case.expected if moved >= MOVED_MM else (() if moved < MOVED_MM / 2 else None)
    right = None if expected is None else bool(set(failed) & set(expected)) if expected else found["keep"]
    return {
        "kept": found["keep"],
        "failed": failed,
        "figures": figures,
        "cannot_tell": found["cannot_tell"],
        "right": right,
        "fault": None if expected is None else bool(expected),
        "moved_mm": moved,
        "pose_s": pose_s,
    }


def moved_mm(one: CameraMotion, other: CameraMotion) -> float:
    """Mean distance in mm of the joints of two motions where both hold a body; infinite where they share nothing."""
    body, both = load_body(), one.valid & other.valid
    if not both.any():
        return float("inf")
    joints = [to_yup(motion, body, floor=0.0).joints(body)[both] for motion in (one, other)]
    return 1000 * float(joints_between(*joints).mean())


def summary(judged: dict[str, dict[str, Any]], half: int) -> str:
    """How many of the films of one half (0: even numbers, 1: odd) were judged right."""
    numbers = {case.name: number for number, case in enumerate(CASES)}
    part = [found for name, found in judged.items() if numbers[name] % 2 == half and found["right"] is not None]
    texts = []
    for fault, word in ((True, "faults"), (False, "good films")):
        some = [found["right"] for found in part if found["fault"] is fault]
        texts.append(f"{sum(some)} of {len(some)} {word}")
    right = sum(found["right"] for found in part)
    return f"{', '.join(texts)}: {100 * right / max(len(part), 1):.1f} % right"


def judge_paces(data: Path) -> dict[str, tuple[int, bool]]:
    """Whole dances at half, their own and twice their speed, without a video: number of the dance, whether right."""
    body, found = load_body(), {}
    files = sorted(data.glob("motion/*/smplfull.json"))
    dances = {file.parent.name: to_yup(read_smplfull(file), body, own_shapes=False) for file in files}
    dances |= {song.id: motion_of(song, body) for song in SONGS}
    low, high = USUAL_PACE_HZ
    for number, (name, dance) in enumerate(dances.items()):
        for speed in (0.5, 1.0, 2.0):
            changed = at_speed(dance, np.arange(0, len(dance) - 2, speed))
            pace = motion_pace(changed.joints(body), changed.valid) or 0.0
            noticed = 0.5 if pace < low else 2.0 if pace > high else 1.0
            found[f"{name} at {speed:g} times its speed, {pace:.2f} Hz"] = number, noticed == speed
    return found


def main() -> None:
    parser = options.parser(__doc__, short="every seventh film", data="folder with clips/ and motion/")
    parser.add_argument("--only", default="", help="films whose name holds this word")
    args = parser.parse_args()
    stages = Stages(args.data)
    folders = {"demo": None, "motion": args.data / "motion", "clip": args.data / "clips"}
    chosen = [case for case in CASES[:: SHORT_EVERY if args.short else 1] if args.only in case.name]
    chosen = [case for case in chosen if (folder := folders[case.source.kind]) is None or folder.is_dir()]
    order = sorted(chosen, key=lambda case: repr(case.source))  # films of one source share its rendering
    found = {case.name: judge(case, stages) for case in order}
    judged = {case.name: found[case.name] for case in chosen}

    for number, case in enumerate(CASES):
        if case.name not in judged:
            continue
        one = judged[case.name]
        verdict = "kept" if one["kept"] else f"dropped: {', '.join(one['failed'])}"
        mark = {True: "right", False: "WRONG", None: "either"}[one["right"]]
        moved = "" if one["moved_mm"] is None else f" (moved by {one['moved_mm']:.0f} mm)"
        unsure = " (cannot tell whether the camera moves)" if one["cannot_tell"] else ""
        print(f"{number:3} {case.name:42} {mark:6} {verdict}{moved}{unsure}")
    print(f"\n{'':18} {'limit':>7} {'good films':>19} {'faults of its own':>19}")
    for c in CRITERIA:
        columns = []
        for wanted in (False, True):
            names = [case.name for case in CASES if case.name in judged and (not wanted or c.name in case.expected)]
            values = [judged[n]["figures"].get(c.name) for n in names if judged[n]["fault"] is wanted]
            known = [value for value in values if value is not None]
            columns.append(f"{min(known):.4g} … {max(known):.4g}" if known else "-")
        print(f"{c.name:18} {'>=' if c.at_least else '<='}{c.limit:>5g} {columns[0]:>19} {columns[1]:>19}")
    print()
    paces = {} if args.short or args.only else judge_paces(args.data)
    for name, (_, right) in paces.items():
        print(f"{name:70} {'right' if right else 'WRONG'}")
    halves = [summary(judged, half) for half in (0, 1)]
    if paces:
        for half in (0, 1):
            rights = [right for number, right in paces.values() if number % 2 == half]
            halves[half] += f"; {sum(rights)} of {len(rights)} speeds"
    print(f"\neven half (limits chosen on it): {halves[0]}\nodd half: {halves[1]}")
    write_json(
        RESULTS,
        {
            name: {
                "kept": one["kept"],
                "failed": one["failed"],
                "judged_right": one["right"],
                "figures": one["figures"],
            }
            for name, one in judged.items()
        }
        | {"gate": {"even_half": halves[0], "odd_half": halves[1]}},
    )


if __name__ == "__main__":
    main()
