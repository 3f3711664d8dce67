"""Download one song's video and note what was downloaded."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.download.fetch import DownloadOptions, download

    # Not a param: how a video is fetched is no reason to fetch it again.
    options = DownloadOptions.configured(snakemake.config["download"])
    output = snakemake.output
    info = download(snakemake.params.url, Path(output.video), Path(output.info), options=options)
    return f"{info['duration']:.0f} s of video"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
