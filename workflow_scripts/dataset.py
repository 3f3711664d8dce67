"""Build the data set from the kept songs."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.dataset.build import build_dataset, song_files
    from justlmd.dataset.manifest import read_splits

    params, files = snakemake.params, snakemake.input
    summary = build_dataset(
        song_files(files, params.songs, params.learned),
        Path(snakemake.output.index).parent,
        load_body(params.body_model),
        splits=read_splits(files.manifest),
        drop_last=params.drop_last,
        **params.options,
    )
    return f"{summary['sequences']} sequences of {summary['songs']} songs in {summary['groups']} groups"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
