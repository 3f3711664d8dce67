"""Take one song's motion from a file that another program, or an earlier run, made."""

from job import run


def main(snakemake) -> str:
    from justlmd import FPS
    from justlmd.body.model import load_body
    from justlmd.core.errors import InputError
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import lyrics_from_json
    from justlmd.lyrics.slices import frame_index
    from justlmd.motion.importers.formats import read_any_motion
    from justlmd.motion.smplfull import write_motion_meta, write_smplfull

    path, params = snakemake.params.motion, snakemake.params
    body = load_body(params.body_model or None)
    found = read_any_motion(path, body)
    motion, first_frame_s = found.motion, lyrics_from_json(read_json(snakemake.input.lyrics)).first_line_s
    if not found.from_first_line:
        first_frame = frame_index(first_frame_s)
        motion, first_frame_s = motion.cut(first_frame), first_frame / FPS
        if not motion.valid.any():
            raise InputError(f"shows nobody from the first line of the lyrics ({first_frame_s:.2f} s) on", where=path)
    write_smplfull(snakemake.output.motion, motion)
    method = f"imported from {path} ({found.format})"
    write_motion_meta(snakemake.output.meta, body if found.own_body else None, method, first_frame_s)
    return f"{motion.valid.sum()} of {len(motion.valid)} frames from {path}, a {found.format}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
