"""Read one song's .lrc file and bring it on the clock of the video."""

from job import run


def main(snakemake) -> str:
    from justlmd.lyrics.document import write_lyrics
    from justlmd.lyrics.song_lyrics import song_lyrics

    params = snakemake.params
    lyrics, how = song_lyrics(
        params.lrc,
        first_line=params.first_line,
        audio=snakemake.input.audio or None,
        reference=params.reference or None,
        offset_sign=params.offset_sign,
        alignment=params.alignment,
        whisper_model=params.whisper_model,
        language=params.language,
    )
    for warning in lyrics.warnings:
        print(f"warning: {params.lrc}: {warning}")
    write_lyrics(snakemake.output[0], lyrics, snakemake.wildcards.song, params.language, how)
    noted = f", {len(lyrics.warnings)} warnings in {snakemake.log[0]}" if lyrics.warnings else ""
    heard = how is not None and "confidence" in how
    begin = f"first line at {lyrics.first_line_s:g} s (confidence {how['confidence']}), " if heard else ""
    return f"{begin}{len(lyrics.sung)} lines, words by {lyrics.timing}{noted}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
