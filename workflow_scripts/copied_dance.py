"""Copy the dance to one song from training songs, a baseline that people compare with the models."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.motion.song_motion import SongMotion, write_song_motion
    from model.data import LyricsMusicDance
    from model.evaluation.baselines import copied_dance
    from model.evaluation.evaluate import STRIDE

    files, output = snakemake.input, snakemake.output
    body = load_body(snakemake.params.body_model)
    train = LyricsMusicDance(Path(files.index).parent, "train", stride=STRIDE)
    motion = copied_dance(train, body, files.audio_features, files.lyrics_embeddings)
    write_song_motion(output.motion, output.meta, SongMotion.without_video(motion, body, "copied from training songs"))
    return f"{len(motion)} frames"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
