"""Render the dances to one held-out song that people compare, all alike in everything but the dance."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.core.clock import FPS
    from justlmd.lyrics.document import read_lyrics
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.view.compare import ComparedSong, clip_order, lines_within, write_compared_song
    from justlmd.view.compared_dances import comparable_dances, write_clips

    files, params = snakemake.input, snakemake.params
    body = load_body(params.body_model)
    real = read_song_motion(files.motion, files.meta, body)
    generated = {
        name: read_song_motion(motion, meta, body)
        for name, motion, meta in zip(params.models, files.generated, files.generated_meta, strict=True)
    }
    copied = read_song_motion(files.copied, files.copied_meta, body)
    motions, start_s = comparable_dances(real, copied, generated, body)
    order = clip_order(list(motions), params.seed, params.song)
    paths = dict(zip(order, snakemake.output.clips, strict=True))
    write_clips(paths, motions, body, files.audio, start_s)
    seconds = len(next(iter(motions.values()))) / FPS
    clips = {Path(path).stem: dance for dance, path in paths.items()}
    lines = lines_within(read_lyrics(files.lyrics), start_s, seconds)
    write_compared_song(snakemake.output.song, ComparedSong(params.song, clips, seconds, lines))
    return f"{len(clips)} dances of {seconds:.1f} s"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
