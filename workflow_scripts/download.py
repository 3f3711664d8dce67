"""Download one song's video and note what was downloaded."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.download import download

    info = download(
        snakemake.params.url,
        Path(snakemake.output.video),
        Path(snakemake.output.info),
        **snakemake.params.options,
    )
    return f"{info['duration_s']:.0f} s of video"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
