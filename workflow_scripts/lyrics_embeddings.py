"""Encode one song's lyrics with a BERT."""

from job import run


def main(snakemake) -> str:
    from justlmd.files import read_json, write_npz
    from justlmd.lyrics import lyrics_from_json
    from justlmd.lyrics_embeddings import embed

    lyrics = lyrics_from_json(read_json(snakemake.input[0]), snakemake.input[0])
    (embeddings,) = embed([lyrics], snakemake.params.text_encoder)
    write_npz(snakemake.output[0], **embeddings)
    return f"{len(embeddings['token_states'])} tokens of {embeddings['encoder']}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
