"""Encode one song's lyrics with a BERT; texts that the batch has encoded before are taken from there."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.files import read_json, write_npz
    from justlmd.features.text import embed, read_text_states
    from justlmd.lyrics.document import lyrics_from_json

    params = snakemake.params
    lyrics = lyrics_from_json(read_json(snakemake.input[0]), snakemake.input[0])
    known = read_text_states(params.text_states, params.text_encoder)
    (embeddings,) = embed([lyrics], params.text_encoder, known=known)
    write_npz(snakemake.output[0], **embeddings)
    return f"{len(embeddings['token_states'])} tokens of {embeddings['encoder']}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
