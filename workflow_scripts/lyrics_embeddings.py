"""Look up the text encoder's states of one song's lines, and give each token its time."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.files import write_npz
    from justlmd.features.text import read_text_states, song_embeddings
    from justlmd.features.text_languages import check_known, unknown_share
    from justlmd.lyrics.document import read_lyrics

    files = snakemake.input
    lyrics = read_lyrics(files.lyrics)
    encoder = snakemake.params.encoder
    states = read_text_states(files.states, {(encoder, line.text) for line in lyrics.sung})
    embeddings = song_embeddings(lyrics, states, encoder)
    if not snakemake.params.is_chosen:  # for this language, in the configuration
        check_known(embeddings, [line.text for line in lyrics.sung], encoder)
    unknown = unknown_share(embeddings)
    write_npz(snakemake.output[0], **embeddings)
    noted = f", {unknown:.0%} unknown" if unknown else ""
    return f"{len(embeddings['token_states'])} tokens of {embeddings['encoder']}{noted}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
