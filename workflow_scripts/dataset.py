"""Build the data set from the kept songs: arrays, Parquet shards, figures and the card."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.dataset.build import build_dataset
    from justlmd.dataset.complete import complete_dataset
    from justlmd.dataset.manifest import read_quality, read_splits
    from justlmd.dataset.song_files import song_files

    params, files = snakemake.params, snakemake.input
    folder = Path(snakemake.output.index).parent
    quality = read_quality(files.manifest)
    about = {song: {**facts, "quality": quality.get(song, {})} for song, facts in params.songs.items()}
    songs = song_files(files, about, params.learned)
    summary = build_dataset(
        songs,
        folder,
        load_body(params.body_model),
        splits=read_splits(files.manifest),
        drop_last=params.drop_last,
        **params.options,
    )
    complete_dataset(folder, songs)
    return f"{summary['sequences']} sequences of {summary['songs']} songs in {summary['groups']} groups"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
