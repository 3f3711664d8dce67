"""Show one held-out dance beside those of the models to the same music and words."""

from job import run

SHOWN_S = 12.0
"""Seconds from the first sung line on: two windows of what the models see."""


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd import FPS
    from justlmd.body.model import load_body
    from justlmd.core.errors import InputError
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import lyrics_from_json
    from justlmd.lyrics.slices import frame_index
    from justlmd.motion.motion import Motion
    from justlmd.motion.smplfull import read_motion_meta, read_song_motion
    from justlmd.preview.side_by_side import export_comparison, without_root

    files = snakemake.input
    if not files.motion:
        raise InputError(
            "there is no song that the models were not trained on (split: test)", next_step="add songs to the table"
        )
    body = load_body(snakemake.params.body_model or None)
    lyrics = lyrics_from_json(read_json(files.lyrics), files.lyrics)
    start_s = read_motion_meta(files.meta).first_frame_s

    def stretch(motion: str, meta: str) -> Motion:
        first = frame_index(start_s, read_motion_meta(meta).first_frame_s)
        return read_song_motion(motion, meta, body).cut(first, first + round(SHOWN_S * FPS))

    dances = {"truth": stretch(files.motion, files.meta)}
    for config, motion, meta in zip(files.configs, files.generated, files.generated_meta, strict=True):
        name, dance = Path(config).parent.name, stretch(motion, meta)
        if read_json(config)["model"] == "transformer_cvae":  # as figure 3.9 of the report
            dances |= {f"{name} with root": dance, f"{name} without root": without_root(dance)}
        else:
            dances[name] = dance
    for warning in export_comparison(snakemake.output[0], dances, body, files.audio or None, start_s, lyrics.sung):
        print(f"warning: {warning}")
    return f"{', '.join(dances)}: {snakemake.output[0]}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
