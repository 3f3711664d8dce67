"""Encode the lyrics of many songs with one load of the BERT, for the jobs of the single songs."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.errors import InputError
    from justlmd.core.files import read_json
    from justlmd.features.text import text_states, write_text_states
    from justlmd.lyrics.document import lyrics_from_json

    encoder = snakemake.params.text_encoder
    songs = [lyrics_from_json(read_json(path), path) for path in snakemake.input]
    if not songs:
        raise InputError(
            "there are no lyrics.json yet", next_step="run the rule lyrics first: snakemake --cores 4 --until lyrics"
        )
    states = text_states((line.text for lyrics in songs for line in lyrics.sung), encoder)
    write_text_states(snakemake.output[0], states, encoder)
    return f"{len(states)} different lines of {len(songs)} songs"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
