"""Take one song's motion from a file that another program, or an earlier run, made."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.lyrics.document import read_lyrics
    from justlmd.motion.importers.song import import_song_motion
    from justlmd.motion.song_motion import write_song_motion

    params, output = snakemake.params, snakemake.output
    lyrics = read_lyrics(snakemake.input.lyrics)
    song = import_song_motion(params.motion, load_body(params.body_model), lyrics.first_line_s)
    write_song_motion(output.motion, output.meta, song)
    return f"{song.motion.valid.sum()} of {len(song.motion.valid)} frames, {song.meta.method}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
