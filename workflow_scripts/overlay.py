"""Draw the recovered body of one song over its video."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.pose.keypoints import read_keypoints2d
    from justlmd.preview.overlay import write_overlay

    files, params = snakemake.input, snakemake.params
    song = read_song_motion(files.motion, files.meta, load_body(params.body_model), allow_empty=True)
    keypoints2d = read_keypoints2d(files.keypoints2d)
    write_overlay(snakemake.output[0], files.video, files.audio, song, keypoints2d, params.style)
    return f"{song.motion.valid.sum()} frames with a body"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
