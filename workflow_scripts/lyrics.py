"""Read one song's .lrc file and bring it on the clock of the video."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.core.errors import InputError
    from justlmd.core.files import write_json
    from justlmd.lyrics.document import lyrics_to_json, shift
    from justlmd.lyrics.lrc import parse_lrc

    params = snakemake.params
    path = Path(params.lrc)
    if not path.is_file():
        raise InputError(
            "the lyrics file does not exist", where=path, next_step="correct the song table or put it there"
        )
    lyrics = parse_lrc(path.read_bytes(), str(path), params.offset_sign)
    how = None
    if params.first_line == "auto":
        from dataclasses import asdict

        from justlmd.lyrics.synchronise import synchronise

        lyrics, found = synchronise(lyrics, snakemake.input.audio, params.reference or None)
        how = asdict(found)
    elif params.first_line is not None:
        lyrics = shift(lyrics, params.first_line)
        how = {"method": "manual", "first_line_s": lyrics.first_line_s}
    if params.alignment != "none" and snakemake.input.audio:
        from justlmd.lyrics.alignment import aligned_with

        lyrics = aligned_with(params.alignment, lyrics, snakemake.input.audio, params.language)
    for warning in lyrics.warnings:
        print(f"warning: {path}: {warning}")
    write_json(snakemake.output[0], lyrics_to_json(lyrics, snakemake.wildcards.song, params.language, how))
    noted = f", {len(lyrics.warnings)} warnings in {snakemake.log[0]}" if lyrics.warnings else ""
    begin = (
        f"first line at {lyrics.first_line_s:g} s (confidence {how['confidence']}), "
        if params.first_line == "auto"
        else ""
    )
    return f"{begin}{len(lyrics.sung)} lines, words by {lyrics.timing}{noted}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
