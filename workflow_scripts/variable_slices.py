"""Cut one song's lyrics into slices of 5 to 15 s that end with a line, with masks for their padding."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.files import write_npz
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import padded_slices, variable_slices
    from justlmd.media.video import probe

    files = snakemake.input
    lyrics = read_lyrics(files.lyrics)
    pieces = variable_slices(lyrics, end_s=probe(files.video).duration_s if files.video else None)
    write_npz(snakemake.output[0], **padded_slices(pieces))
    return f"{len(pieces)} slices"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
