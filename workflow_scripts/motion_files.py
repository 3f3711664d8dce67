"""Export one song's motion for animation programs and for other research code."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.export.amass import write_amass
    from justlmd.export.bvh import write_bvh
    from justlmd.export.glb import write_glb
    from justlmd.motion.song_motion import read_song_motion

    output = snakemake.output
    body = load_body(snakemake.params.body_model)
    motion = read_song_motion(snakemake.input.motion, snakemake.input.meta, body).upright()
    write_bvh(output.bvh, motion, body)
    write_glb(output.glb, motion, body, name=snakemake.wildcards.song)
    write_amass(output.npz, motion, body)
    return f"{len(motion)} frames as BVH, GLB and AMASS npz"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
