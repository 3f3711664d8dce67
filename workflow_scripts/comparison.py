"""Show one held-out dance beside those of the models to the same music and words."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.core.errors import InputError
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.preview.side_by_side import GeneratedDance, compared_dances, export_comparison

    files = snakemake.input
    if not files.motion:
        raise InputError(
            "there is no song that the models were not trained on (split: test)", next_step="add songs to the table"
        )
    body = load_body(snakemake.params.body_model)
    lyrics = read_lyrics(files.lyrics)
    truth = read_song_motion(files.motion, files.meta, body)
    generated = [
        GeneratedDance(Path(config).parent.name, read_json(config)["model"], read_song_motion(motion, meta, body))
        for config, motion, meta in zip(files.configs, files.generated, files.generated_meta, strict=True)
    ]
    dances, start_s = compared_dances(truth, generated), truth.meta.first_frame_s
    for warning in export_comparison(snakemake.output[0], dances, body, files.audio or None, start_s, lyrics.sung):
        print(f"warning: {warning}")
    return f"{', '.join(dances)}: {snakemake.output[0]}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
