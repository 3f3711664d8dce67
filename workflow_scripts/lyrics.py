"""Read one song's .lrc file and bring it on the clock of the video."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.errors import InputError
    from justlmd.files import write_json
    from justlmd.lrc import parse_lrc
    from justlmd.lyrics import lyrics_to_json, shift

    params = snakemake.params
    path = Path(params.lrc)
    if not path.is_file():
        raise InputError(f"{path}: the lyrics file does not exist; correct the song table or put it there")
    lyrics = parse_lrc(path.read_bytes(), str(path), params.offset_sign)
    if params.first_line == "auto":
        raise InputError(f"{path}: first_line auto is not available yet; give the second of the first sung line")
    if params.first_line is not None:
        lyrics = shift(lyrics, params.first_line)
    for warning in lyrics.warnings:
        print(f"warning: {path}: {warning}")
    write_json(snakemake.output[0], lyrics_to_json(lyrics, snakemake.wildcards.song, params.language))
    noted = f", {len(lyrics.warnings)} warnings in {snakemake.log[0]}" if lyrics.warnings else ""
    return f"{len(lyrics.sung)} lines, words by {lyrics.timing}{noted}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
