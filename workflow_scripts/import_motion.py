"""Take one song's motion from a ready-made smplfull.json."""

from job import run


def main(snakemake) -> str:
    from justlmd.files import read_json
    from justlmd.lyrics import lyrics_from_json
    from justlmd.motion import read_smplfull, write_smplfull
    from justlmd.motion_meta import write_motion_meta

    path = snakemake.params.motion
    motion = read_smplfull(path)
    lyrics = lyrics_from_json(read_json(snakemake.input.lyrics))
    write_smplfull(snakemake.output.motion, motion)
    write_motion_meta(snakemake.output.meta, None, f"imported from {path}", lyrics.first_line_s)
    return f"{motion.valid.sum()} frames from {path}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
