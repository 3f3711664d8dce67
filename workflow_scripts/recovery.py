"""Recover one song's motion from its 2D points, from the first lyric stamp to six seconds after the last slice."""

from job import run


def main(snakemake) -> str:
    import time

    from justlmd import FPS
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json, read_npz
    from justlmd.lyrics.document import lyrics_from_json
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.smplfull import write_motion_meta, write_smplfull

    files, params = snakemake.input, snakemake.params
    body = load_body(params.body_model or None)
    lyrics, sliced = lyrics_from_json(read_json(files.lyrics)), read_json(files.sliced)
    start_frame, stop_frame = motion_span(lyrics, sliced)
    recover = easymocap if params.backend == "easymocap" else fit
    start = time.monotonic()
    motion, own_body, method = recover(snakemake, read_npz(files.keypoints2d), body, start_frame, stop_frame)
    rate = len(motion.valid) / (time.monotonic() - start)
    write_smplfull(snakemake.output.motion, motion)
    write_motion_meta(snakemake.output.meta, body if own_body else None, method, start_frame / FPS)
    delete_work(snakemake)
    return f"{motion.valid.sum()} of {len(motion.valid)} frames at {rate:.0f} frames/s, {method}"


def fit(snakemake, keypoints2d, body, start_frame: int, stop_frame: int):
    """The built-in fit. Every backend returns the motion, whether its shape is ``body``'s, and its method in words."""
    from justlmd.core.device import choose_device
    from justlmd.recovery.fit import recover

    params = snakemake.params
    device = choose_device(params.device)
    motion = recover(
        keypoints2d,
        body,
        start_frame=start_frame,
        stop_frame=stop_frame,
        focal=params.focal or None,
        height_m=params.height,
        device=device,
    )
    return motion, True, f"fit to {str(keypoints2d['backend']).split('-')[0]} landmarks on {device}"


def easymocap(snakemake, keypoints2d, body, start_frame: int, stop_frame: int):
    from justlmd.recovery.easymocap import fits_smpl_of, recover_with_easymocap

    params = snakemake.params
    motion = recover_with_easymocap(
        snakemake.input.video,
        keypoints2d,
        work_folder(snakemake),
        params.easymocap,
        start_frame=start_frame,
        stop_frame=stop_frame,
        focal=params.focal or None,
    )
    return motion, fits_smpl_of(params.easymocap, body), "EasyMocap"


def work_folder(snakemake):
    """Where EasyMocap works; it stays when the job fails, so that the next attempt goes on."""
    from pathlib import Path

    return Path(snakemake.output.motion).with_name("easymocap")


def delete_work(snakemake) -> None:
    import shutil

    shutil.rmtree(work_folder(snakemake), ignore_errors=True)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
