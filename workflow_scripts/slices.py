"""Cut one song's lyrics into the slices that sequences are made of."""

from job import run


def main(snakemake) -> str:
    from justlmd.slices import slices, write_sliced

    from justlmd.files import read_json
    from justlmd.lyrics import lyrics_from_json

    lyrics = lyrics_from_json(read_json(snakemake.input[0]), snakemake.input[0])
    sliced = slices(lyrics, snakemake.params.slicing, snakemake.params.stride)
    write_sliced(snakemake.output[0], sliced)
    return f"{len(sliced)} slices"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
