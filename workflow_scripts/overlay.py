"""Draw the recovered body of one song over its video."""

from job import run


def main(snakemake) -> str:
    from justlmd import FPS
    from justlmd.body.model import load_body
    from justlmd.core.files import read_npz
    from justlmd.motion.smplfull import read_motion_meta, read_smplfull
    from justlmd.preview.overlay import write_overlay

    files = snakemake.input
    body = load_body(snakemake.params.body_model or None)
    motion = read_smplfull(files.motion, allow_empty=True)
    meta = read_motion_meta(files.meta)
    write_overlay(
        snakemake.output[0],
        files.video,
        files.audio,
        motion,
        body,
        round(meta.first_frame_s * FPS),
        read_npz(files.keypoints2d),
        own_shapes=meta.body_model == body.name,
    )
    return f"{motion.valid.sum()} frames with a body"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
