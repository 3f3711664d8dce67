"""Put the moments of one song that need a person's eyes on one sheet, and one of them into the gallery's thumbnail."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.song_motion import read_motion_meta
    from justlmd.quality.contact_sheet import telling_frame, write_contact_sheet
    from justlmd.view.thumbnail import write_overlay_thumbnail

    files, params = snakemake.input, snakemake.params
    start = read_motion_meta(files.meta).start_frame
    lyrics = read_lyrics(files.lyrics)
    stop = motion_span(lyrics, read_json(files.sliced))[1]
    quality = read_json(files.quality)
    name = " – ".join(filter(None, (params.artist, params.title, snakemake.wildcards.song)))
    write_contact_sheet(snakemake.output.sheet, files.overlay, quality, start, stop, name=name, lyrics=lyrics)
    write_overlay_thumbnail(snakemake.output.thumbnail, files.overlay, telling_frame(quality, start, stop))
    return "good" if quality["keep"] else f"{len(quality['reasons'])} reasons to drop the song"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
