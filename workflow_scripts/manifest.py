"""List every song with its verdict, the reason and the number of its sequences."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.dataset.manifest import KEPT, manifest, read_candidate, write_manifest
    from justlmd.songs.table import read_songs

    files, params = snakemake.input, snakemake.params
    folders = [Path(quality).parent for quality in files.quality]
    candidates = {folder.name: read_candidate(folder, drop_last=params.drop_last) for folder in folders}
    table = manifest(read_songs(files.songs), candidates, exclude=params.exclude, keep=params.keep, **params.split)
    write_manifest(snakemake.output[0], table)
    kept = table[table.verdict == KEPT]
    words = f" with {kept.words_used.mean():.0%} of a song's words" if len(kept) else ""
    return f"{len(kept)} of {len(table)} songs kept, {kept.sequences.sum()} sequences{words}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
