"""Build the data set from the kept songs."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.dataset.build import SongFiles, build_dataset
    from justlmd.features.external import learned_path

    params, files = snakemake.params, snakemake.input
    audio = {Path(path).parent.name: Path(path) for path in files.audio_features}
    songs = []
    for motion, meta, lyrics, sliced, embeddings in zip(
        files.motion, files.meta, files.lyrics, files.sliced, files.lyrics_embeddings, strict=True
    ):
        song = Path(motion).parent.name
        described = {key: params.songs[song][key] for key in ("group", "artist", "title", "language", "source")}
        songs.append(
            SongFiles(
                song=song,
                motion=Path(motion),
                meta=Path(meta),
                lyrics=Path(lyrics),
                sliced=Path(sliced),
                audio=audio.get(song),
                embeddings=Path(embeddings),
                learned={name: learned_path(pattern, song) for name, pattern in params.learned.items()},
                **described,
            )
        )
    summary = build_dataset(
        songs,
        Path(snakemake.output.index).parent,
        load_body(params.body_model),
        drop_last=params.drop_last,
        seed=params.options["seed"],
        val_fraction=params.options["val_fraction"],
        test_fraction=params.options["test_fraction"],
    )
    return f"{summary['sequences']} sequences of {summary['songs']} songs in {summary['groups']} groups"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
