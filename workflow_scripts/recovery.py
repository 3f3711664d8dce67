"""Recover one song's motion from its 2D points, from the first lyric stamp to six seconds after the last slice."""

from job import run


def main(snakemake) -> str:
    import time

    from justlmd import FPS
    from justlmd.body import load_body
    from justlmd.device import choose_device
    from justlmd.files import read_json, read_npz
    from justlmd.lyrics import lyrics_from_json
    from justlmd.motion import write_smplfull
    from justlmd.motion_meta import write_motion_meta
    from justlmd.recovery import recover
    from justlmd.slices import motion_span

    files, params = snakemake.input, snakemake.params
    body = load_body(params.body_model or None)
    device = choose_device(params.device)
    start_frame, stop_frame = motion_span(lyrics_from_json(read_json(files.lyrics)), read_json(files.sliced))
    start = time.monotonic()
    motion = recover(
        read_npz(files.keypoints2d),
        body,
        start_frame=start_frame,
        stop_frame=stop_frame,
        focal=params.options["focal"] or None,
        height_m=params.height,
        device=device,
    )
    rate = len(motion.valid) / (time.monotonic() - start)
    write_smplfull(snakemake.output.motion, motion)
    write_motion_meta(snakemake.output.meta, body, "fit to MediaPipe landmarks", start_frame / FPS)
    return f"{motion.valid.sum()} of {len(motion.valid)} frames at {rate:.0f} frames/s on {device}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
