"""Read one song's .lrc file, bring it on the clock of the video, and slice it into what sequences are made of."""

from job import run


def main(snakemake) -> str:
    import json

    from justlmd.core.files import write_npz, write_text
    from justlmd.lyrics.document import write_lyrics
    from justlmd.lyrics.lrc import lrc_bytes, raw_lines
    from justlmd.lyrics.slices import padded_slices, sliced_json, variable_slices
    from justlmd.lyrics.song_lyrics import song_lyrics
    from justlmd.media.video import probe

    files, output, params = snakemake.input, snakemake.output, snakemake.params
    lyrics, how = song_lyrics(
        params.lrc,
        first_line=params.first_line,
        audio=files.audio or None,
        reference=params.reference or None,
        offset_sign=params.offset_sign,
        alignment=params.alignment,
        whisper_model=params.whisper_model,
        language=params.language,
    )
    for warning in lyrics.warnings:
        print(f"warning: {params.lrc}: {warning}")
    write_lyrics(output.lyrics, lyrics, snakemake.wildcards.song, params.language, how)
    end_s = probe(files.video).duration_s if files.video else None
    raw = raw_lines(lrc_bytes(params.lrc), params.lrc)
    sliced = sliced_json(params.slicing, lyrics, raw, params.stride, end_s)
    write_text(output.sliced, json.dumps(sliced, ensure_ascii=False, indent=4))  # the original's layout, byte for byte
    write_npz(output.variable_slices, **padded_slices(variable_slices(lyrics, end_s=end_s)))
    noted = f", {len(lyrics.warnings)} warnings in {snakemake.log[0]}" if lyrics.warnings else ""
    heard = how is not None and "confidence" in how
    begin = f"first line at {lyrics.first_line_s:g} s (confidence {how['confidence']}), " if heard else ""
    return f"{begin}words {lyrics.timings}, {len(sliced)} slices{noted}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
