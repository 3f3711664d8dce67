"""Encode the sung lines of all songs with one load of the text encoder; lines that are encoded already stay."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.features.text import stored_text_states, sung_texts, write_text_states
    from justlmd.features.text_encoder import encode_missing

    params, store = snakemake.params, Path(snakemake.output[0])
    known = stored_text_states(store)
    texts = sung_texts(snakemake.input, params.encoders, params.offset_sign)
    states = encode_missing(set().union(*texts.values()), known)
    write_text_states(store, states, texts)
    return f"{len(states)} different lines, {len(states.keys() - known.keys())} of them new"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
