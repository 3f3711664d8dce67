"""List every song with its verdict, the reason and the number of its sequences."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.core.files import read_json, replacing
    from justlmd.dataset.build import sequences_of
    from justlmd.dataset.manifest import KEPT, manifest
    from justlmd.dataset.splits import song_text
    from justlmd.motion.smplfull import read_smplfull
    from justlmd.motion.song_motion import read_motion_meta
    from justlmd.songs.table import read_songs

    quality, sequences, lyrics = {}, {}, {}
    files, params = snakemake.input, snakemake.params
    for judged, sliced, motion, meta, sung in zip(
        files.quality, files.sliced, files.motion, files.meta, files.lyrics, strict=True
    ):
        song = Path(judged).parent.name
        quality[song] = read_json(judged)
        valid = read_smplfull(motion, allow_empty=True).valid
        start_frame = read_motion_meta(meta).start_frame
        found = sequences_of(read_json(sliced), start_frame, valid, params.drop_last, sliced)
        sequences[song] = len(found.starts)
        lyrics[song] = song_text(read_json(sung))
    table = manifest(
        read_songs(files.songs),
        quality,
        sequences,
        lyrics,
        exclude=params.exclude,
        keep=params.keep,
        **params.split,
    )
    with replacing(snakemake.output[0]) as temporary:
        table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")
    kept = table[table.verdict == KEPT]
    return f"{len(kept)} of {len(table)} songs kept, {kept.sequences.sum()} sequences"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
