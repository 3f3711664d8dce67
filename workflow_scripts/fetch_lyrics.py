"""Fetch one song's .lrc file from the configured provider, once."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.core.files import read_json, write_text
    from justlmd.lyrics.lrclib import ProviderOptions
    from justlmd.lyrics.provider import fetch_lyrics, used_duration

    output, params = Path(snakemake.output[0]), snakemake.params
    if output.is_file():
        return f"kept as it is; to ask again, delete {output} and lyrics.json beside it"
    song = params.song
    source_s = read_json(snakemake.input[0])["duration"] if snakemake.input else None
    options = ProviderOptions.configured(params.lyrics, params.download)
    duration_s = used_duration(source_s, song["start"], song["end"])
    found = fetch_lyrics(song["artist"], song["title"], duration_s, options)
    write_text(output, found.text)
    return f"{found.lines} lines" + (f"; {found.note}" if found.note else "")


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
