"""Download one song's video and note what was downloaded."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.download import DownloadOptions, download

    configured = snakemake.params.options
    options = DownloadOptions(
        max_height=configured["max_height"],
        attempts=configured["attempts"],
        pause_s=configured["pause"],
        proxy=configured["proxy"] or None,
        cookies=Path(configured["cookies"]) if configured["cookies"] else None,
    )
    output = snakemake.output
    info = download(snakemake.params.url, Path(output.video), Path(output.info), options=options)
    return f"{info['duration']:.0f} s of video"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
