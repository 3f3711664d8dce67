"""Dance to the music and lyrics of one song with pieces of other dances; nothing is trained."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.motion.song_motion import SongMotion, write_song_motion
    from model.generation.choreographer import choreograph, motion_of

    files, params, output = snakemake.input, snakemake.params, snakemake.output
    body = load_body(params.body_model)
    dance = choreograph(
        files.repertoire or Path(files.index).parent,
        body,
        files.audio_features or None,
        files.lyrics_embeddings or None,
        seed=params.seed,
    )
    method = f"choreographed from {', '.join(dance.songs)}, seed {params.seed}"
    song = SongMotion.without_video(motion_of(dance, body), body, method)
    write_song_motion(output.motion, output.meta, song)
    return (
        f"{len(dance.rotations)} frames from {len(dance.songs)} dances; the longest stretch of one is "
        f"{dance.longest_copy_s:.1f} s"
    )


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
