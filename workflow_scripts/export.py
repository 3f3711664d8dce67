"""Export a song's motion, one sequence of it or a generated dance for animation programs and other research code."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json
    from justlmd.export.song import ExportOptions, clip_of, export_clip
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import numbered_slice
    from justlmd.motion.song_motion import read_song_motion

    files, params, wildcards = snakemake.input, snakemake.params, snakemake.wildcards
    song = read_song_motion(files.motion, files.meta, load_body(params.body_model))
    clip = clip_of(song, wildcards.song)
    sequence = wildcards.get("sequence")
    if sequence is not None:
        piece = numbered_slice(read_json(files.sliced), int(sequence), files.sliced)
        start, stop = song.frame_at(piece.start_s), song.frame_at(piece.end_s)
        clip = clip_of(song, f"{wildcards.song} {sequence}", start, stop)
    outputs = dict(snakemake.output.items())
    lines = read_lyrics(files.lyrics).sung if files.lyrics else ()
    frames = export_clip(outputs, clip, ExportOptions(**params.options), lines)
    return f"{frames} frames as {', '.join(kind for kind in outputs if kind != 'clock')}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
