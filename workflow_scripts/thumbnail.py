"""Draw the skeleton of a song without a video for the gallery."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.view.thumbnail import skeleton_image, write_thumbnail

    files, params = snakemake.input, snakemake.params
    song = read_song_motion(files.motion, files.meta, load_body(params.body_model), allow_empty=True)
    write_thumbnail(snakemake.output[0], skeleton_image(song.upright(floor=0.0), song.body))
    return f"{song.motion.valid.sum()} frames with a body"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
