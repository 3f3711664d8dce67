"""Readers of what video-to-motion programs write: poses in the frame of the camera that made the video.

All of them mean SMPL's or SMPL-X's standard form, ``pelvis = transl + J0``, in camera axes (x right, y down, z
forward), one row per frame of the video; so the video must be the 30 frames/s one that this workflow makes.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.camera import assumed_focal_px, intrinsics
from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.safe_pickle import read_pickle
from justlmd.motion.importers.source import (
    CAMERA,
    SourceMotion,
    array_of,
    axis_angles,
    numbers,
    rest_pelvis_of,
    ten_betas,
    without_hands,
)
from justlmd.motion.smplfull import MAX_FRAMES

Content = dict[Any, Any]


def read_gvhmr(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    found = {key: array_of(value) for key, value in content["smpl_params_incam"].items()}
    poses = np.concatenate([found["global_orient"].reshape(-1, 3), found["body_pose"].reshape(-1, 63)], axis=1)
    betas = ten_betas(found["betas"])
    return SourceMotion(
        format="GVHMR result",
        poses=without_hands(poses),
        pelvis=found["transl"].reshape(-1, 3) + rest_pelvis_of("smplx", body, betas),
        fps=FPS,
        axes=CAMERA,
        body_model="smplx",
        betas=betas,
        valid=np.ones(len(poses), bool),
        K=array_of(content["K_fullimg"]).reshape(-1, 3, 3)[0] if "K_fullimg" in content else None,
    )


def read_camerahmr(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    orient, pose = axis_angles(content["global_orient"], 1), axis_angles(content["body_pose"], 23)
    betas = ten_betas(content["betas"])
    camera = np.asarray(content.get("cam_int", np.zeros(0)), float)
    return SourceMotion(
        format="CameraHMR result",
        poses=np.concatenate([orient, pose], axis=1),
        pelvis=numbers(content, "cam_t", 2) + rest_pelvis_of("smpl", body, betas),
        fps=FPS,
        axes=CAMERA,
        body_model="smpl",
        betas=betas,
        valid=np.ones(len(orient), bool),
        K=camera.reshape(-1, 3, 3)[0] if camera.size and camera.size % 9 == 0 else None,
    )


def read_wham(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    """WHAM assumes the focal length sqrt(width^2 + height^2) and writes neither it nor the size of the frame."""
    track = max(content.values(), key=lambda one: len(one["frame_ids"]))
    frames = np.asarray(track["frame_ids"]).astype(int)
    betas = ten_betas(track["betas"])
    return _tracked(
        "WHAM result",
        frames,
        int(frames.max()) + 1,
        np.asarray(track["pose"], float).reshape(-1, 72),
        np.asarray(track["trans"], float).reshape(-1, 3) + rest_pelvis_of("smpl", body, betas),
        betas,
        intrinsics(size, focal_px=float(np.hypot(*size))),
    )


def read_phalp(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    """One entry per frame, with lists over people; those whose ``tracked_time`` is not 0 were not detected in it.

    ``camera`` is the translation for a focal length of 5000 pixels in a square of 256 pixels around the frame.
    The depth that follows (tens of metres) is brought to the focal length assumed here: the same projection, nearer.
    """
    seen: dict[int, dict[int, tuple[Content, np.ndarray]]] = {}
    width, height = size
    for frame in content.values():
        for index, track in enumerate(frame["tid"]):
            if np.ravel(frame.get("tracked_time", [0] * (index + 1))[index])[0] == 0:
                person = frame["smpl"][index], np.asarray(frame["camera"][index], float).reshape(3)
                seen.setdefault(int(track), {})[int(frame["time"])] = person
                height, width = (int(side) for side in frame["size"][index]) if frame.get("size") else (height, width)
    if not seen:
        raise InputError("no frame of this PHALP result holds a person")
    people = max(seen.values(), key=len)
    smpl = [person for person, _ in people.values()]
    orient = axis_angles(np.stack([array_of(one["global_orient"]).reshape(1, 3, 3) for one in smpl]), 1)
    pose = axis_angles(np.stack([array_of(one["body_pose"]).reshape(23, 3, 3) for one in smpl]), 23)
    betas = np.median([ten_betas(one["betas"]) for one in smpl], axis=0)
    theirs, ours = 5000 * max(width, height) / 256, assumed_focal_px((width, height))
    rest = rest_pelvis_of("smpl", body, betas)
    place = np.stack([camera for _, camera in people.values()]) * [1, 1, ours / theirs] + rest
    return _tracked(
        "PHALP (4D-Humans) result",
        np.array(list(people)),
        len(content),
        np.concatenate([orient, pose], axis=1),
        place,
        betas,
        intrinsics((width, height)),
    )


def read_frankmocap(folder: Path, body: Body, size: tuple[int, int]) -> SourceMotion:
    """One pickle per frame. Scale and shift are those of the cropped box of 224 pixels, halved and about its middle.

    ``x_pixel = (112 (s X + t) + 112) / ratio + top_left``; the scale gives the depth for the assumed focal length.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix == ".pkl")
    if not files:
        raise InputError("a folder of motion holds FrankMocap's .pkl files, this one none", where=folder)
    numbered = [re.search(r"(\d{1,9})_prediction_result$", path.stem) for path in files]
    focal, rest = assumed_focal_px(size), body.rest_joints()[0]
    found: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    for index, (path, match) in enumerate(zip(files, numbered, strict=True)):
        number = int(match[1]) if match and all(numbered) else index
        content = read_pickle(path, "a FrankMocap result", ("torch.",))
        if not isinstance(content, dict) or "pred_output_list" not in content:
            raise InputError("not a FrankMocap result (pred_output_list is missing)", where=path)
        people = [one for one in content["pred_output_list"] if one is not None and "pred_body_pose" in one]
        if people:
            one = people[0]
            scale, *shift = np.ravel(one["pred_camera"])[:3].astype(float)
            ratio = float(np.ravel(one["bbox_scale_ratio"])[0])
            pixels = 112 * (np.array(shift) + 1) / ratio + np.ravel(one["bbox_top_left"])[:2] - np.array(size) / 2
            per_metre = 112 * scale / ratio
            place = np.append(pixels, focal) / per_metre + rest
            betas = ten_betas(one.get("pred_betas", np.zeros(10)))
            found[number] = np.ravel(one["pred_body_pose"])[:72].astype(float), place, betas
    if not found:
        raise InputError("nobody was found in any of its files", where=folder)
    poses, places, shapes = (np.stack(values) for values in zip(*found.values(), strict=True))
    return _tracked("FrankMocap result", np.array(list(found)), max(found) + 1, poses, places, ten_betas(shapes), None)


def _tracked(
    format: str,
    frames: np.ndarray,
    count: int,
    poses: np.ndarray,
    pelvis: np.ndarray,
    betas: np.ndarray,
    K: np.ndarray | None,
) -> SourceMotion:
    """One person's track in the camera's frame: ``frames`` (n,) of the video's ``count`` hold the rows of ``poses``."""
    if not 0 < count <= MAX_FRAMES or frames.min() < 0 or frames.max() >= count:
        raise InputError(f"the frame numbers {frames.min()} to {frames.max()} do not fit {count} frames")
    whole = np.full((count, 75), np.nan)
    whole[frames] = np.concatenate([poses, pelvis], axis=1)
    valid = np.isfinite(whole).all(1)
    return SourceMotion(format, whole[:, :72], whole[:, 72:], FPS, CAMERA, "smpl", betas, valid, K)
