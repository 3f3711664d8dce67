"""Cut one song's lyrics into the slices that sequences are made of."""

from job import run


def main(snakemake) -> str:
    import json
    from pathlib import Path

    from justlmd.core.files import write_text
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.lrc import raw_lines
    from justlmd.lyrics.slices import sliced_json
    from justlmd.media.video import probe

    files, params = snakemake.input, snakemake.params
    lyrics = read_lyrics(files.lyrics)
    raw = raw_lines(Path(files.lrc[0]).read_bytes(), files.lrc[0])
    end_s = probe(files.video).duration_s if files.video else None
    sliced = sliced_json(params.mode, lyrics, raw, params.stride, end_s)
    # The original's text layout, byte for byte.
    write_text(snakemake.output[0], json.dumps(sliced, ensure_ascii=False, indent=4))
    return f"{len(sliced)} slices"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
