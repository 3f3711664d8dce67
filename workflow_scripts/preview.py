"""Render a song's dance, one sequence of it, or a generated dance as a video with audio and captions."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import numbered_slice
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.preview.dance_video import export_mp4

    files = snakemake.input
    song = read_song_motion(files.motion, files.meta, load_body(snakemake.params.body_model))
    lines = read_lyrics(files.lyrics).sung if files.lyrics else ()
    motion, start_s = song.upright(), song.meta.first_frame_s
    sequence = snakemake.wildcards.get("sequence", "all")
    if sequence != "all":
        piece = numbered_slice(read_json(files.sliced), int(sequence), files.sliced)
        motion, start_s = song.between(piece.start_s, piece.end_s), piece.start_s
    for warning in export_mp4(snakemake.output[0], motion, song.body, files.audio or None, start_s, lines):
        print(f"warning: {warning}")
    return f"{len(motion)} frames"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
