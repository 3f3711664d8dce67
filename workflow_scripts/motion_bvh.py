"""Export one song's motion for animation programs."""

from job import run


def main(snakemake) -> str:
    from justlmd.body import load_body
    from justlmd.bvh import write_bvh
    from justlmd.motion_meta import read_song_motion

    body = load_body(snakemake.params.body_model or None)
    motion = read_song_motion(snakemake.input.motion, snakemake.input.meta, body)
    write_bvh(snakemake.output[0], motion, body)
    return f"{len(motion)} frames"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
