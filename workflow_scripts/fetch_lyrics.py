"""Fetch one song's .lrc file from the configured provider, once."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.core.files import read_json, write_text
    from justlmd.lyrics.lrclib import ProviderOptions
    from justlmd.lyrics.provider import fetch_lyrics

    output, params = Path(snakemake.output[0]), snakemake.params
    if output.is_file():
        return f"kept as it is; to ask again, delete {output} and lyrics.json beside it"
    song, duration = params.song, None
    if snakemake.input:
        source = read_json(snakemake.input[0])["duration"]
        duration = min(song["end"] or source, source) - (song["start"] or 0.0)
    options = ProviderOptions(
        url=params.lyrics["provider"],
        tolerance_s=params.lyrics["duration_tolerance"],
        attempts=params.download["attempts"],
        proxy=params.download["proxy"] or None,
    )
    found = fetch_lyrics(song["artist"], song["title"], duration, options)
    write_text(output, found.text)
    return f"{found.lines} lines" + (f"; {found.note}" if found.note else "")


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
