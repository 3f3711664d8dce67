"""The backends of mesh recovery behind one call: the built-in fit and EasyMocap."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from justlmd.body.camera import intrinsics
from justlmd.body.limbs import LIMBS
from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.lyrics.document import Lyrics
from justlmd.lyrics.slices import motion_span
from justlmd.motion.motion import runs
from justlmd.motion.song_motion import SongMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.limbs import seen_limbs

FOCAL_SPREAD, STATURE_SPREAD = " ± 20 %", " ± 6 %"
"""By how much cameras and adults differ from what is assumed: one video does not tell (``docs/recovery.md``)."""


@dataclass(frozen=True)
class RecoverySettings:
    """How motion is recovered.

    ``backend``: "fit" or "easymocap"; ``focal_px``: focal length in pixels, and ``pitch_deg``: degrees by which the
    camera looks down, None where they are unknown; ``device``: where the fit computes; ``easymocap``: ``root``,
    ``python`` and ``command`` of the configuration.
    """

    backend: str = "fit"
    focal_px: float | None = None
    pitch_deg: float | None = None
    device: str = "auto"
    easymocap: Mapping[str, Any] = field(default_factory=dict)


def recover_song(
    keypoints2d: Keypoints2D,
    lyrics: Lyrics,
    sliced: dict[str, str],
    body: Body,
    settings: RecoverySettings,
    *,
    height_m: float | None = None,
    crop: str = "full",
    video: str | Path = "",
    work_folder: str | Path = "",
) -> SongMotion:
    """Recover a song's motion from the first lyric stamp to the end of the last slice.

    Parameters
    ----------
    keypoints2d
        The dancer in every frame of the video.
    lyrics, sliced
        What ``lyrics.json`` and ``sliced.json`` hold; they say which frames are recovered.
    body
        The body model that is fitted; EasyMocap fits an SMPL model of its own.
    settings
        Backend and its options.
    height_m
        Stature of the dancer in metres; None takes the body as it is. The fit alone uses it.
    crop
        Of the song table: which half of the source the video is.
    video, work_folder
        ``video.mp4``, and where EasyMocap works. Without a video the fit takes the frame's middle for the camera's.

    Raises
    ------
    InputError
        EasyMocap could not be started or failed, or the video does not decode.
    """
    start_frame, stop_frame = motion_span(lyrics, sliced)
    if settings.backend == "easymocap":
        from justlmd.recovery.easymocap import fits_smpl_of, recover_with_easymocap

        motion = recover_with_easymocap(
            video,
            keypoints2d,
            work_folder,
            settings.easymocap,
            start_frame=start_frame,
            stop_frame=stop_frame,
            focal=settings.focal_px,
        )
        own_shapes, method = fits_smpl_of(settings.easymocap, body), "EasyMocap"
        uncertainty: tuple[tuple[int, float], ...] = ()
    else:
        from justlmd.core.device import choose_device
        from justlmd.recovery.camera import camera_of_video
        from justlmd.recovery.fit import recover, recover_with_pitch
        from justlmd.recovery.uncertainty import joint_uncertainty

        device = choose_device(settings.device)
        size = keypoints2d.width, keypoints2d.height
        camera = camera_of_video(video, size, crop, settings.focal_px) if video else intrinsics(size, settings.focal_px)
        fit = partial(recover_with_pitch, body=body, camera=camera, height_m=height_m, device=device)
        motion, pitch = fit(keypoints2d, pitch_deg=settings.pitch_deg, start_frame=start_frame, stop_frame=stop_frame)
        again = partial(recover, pitch_deg=pitch.deg, **fit.keywords)
        uncertainty = joint_uncertainty(keypoints2d, body, again, start_frame, stop_frame)
        own_shapes, method = True, f"fit to {keypoints2d.backend.split('-')[0]} landmarks on {device}"
        method += f", camera of {camera[0, 0]:.0f} px{'' if settings.focal_px else FOCAL_SPREAD}"
        method += f" looking down by {pitch.deg:.0f} ± {pitch.spread_deg:.0f}°"
        method += f", stature {height_m} m" if height_m else f", stature of the body{STATURE_SPREAD}"
    pitch_deg = settings.pitch_deg or 0.0
    song = SongMotion.made(motion, body, method, start_frame / FPS, own_shapes=own_shapes, pitch_deg=pitch_deg)
    seen = seen_limbs(keypoints2d)[start_frame : start_frame + len(motion.valid)]
    guessed = motion.valid[: len(seen), None] & ~seen
    found = {limb: runs(guessed[:, column]) for column, limb in enumerate(LIMBS)}
    unseen = {limb: tuple((start, stop) for start, stop in ranges) for limb, ranges in found.items() if ranges}
    return replace(song, meta=replace(song.meta, unseen_limbs=unseen, uncertainty=uncertainty))
