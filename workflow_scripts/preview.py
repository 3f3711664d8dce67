"""Render a song's dance, one sequence of it, or a generated dance as a video with sound and captions."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import lyrics_from_json
    from justlmd.lyrics.slices import frame_index, numbered_slice
    from justlmd.motion.smplfull import read_motion_meta, read_song_motion
    from justlmd.preview.dance_video import export_mp4

    files = snakemake.input
    body = load_body(snakemake.params.body_model or None)
    motion = read_song_motion(files.motion, files.meta, body)
    lyrics = lyrics_from_json(read_json(files.lyrics), files.lyrics)
    start_s = first_s = read_motion_meta(files.meta).first_frame_s
    sequence = snakemake.wildcards.get("sequence", "all")
    if sequence != "all":
        piece = numbered_slice(read_json(files.sliced), int(sequence), files.sliced)
        start_s = piece.start_s
        motion = motion.cut(frame_index(piece.start_s, first_s), frame_index(piece.end_s, first_s))
    for warning in export_mp4(snakemake.output[0], motion, body, files.audio or None, start_s, lyrics.sung):
        print(f"warning: {warning}")
    return f"{len(motion)} frames"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
