"""Put the moments of one song that need a person's eyes on one sheet."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.song_motion import read_motion_meta
    from justlmd.quality.contact_sheet import write_contact_sheet

    files = snakemake.input
    start = read_motion_meta(files.meta).start_frame
    stop = motion_span(read_lyrics(files.lyrics), read_json(files.sliced))[1]
    quality = read_json(files.quality)
    write_contact_sheet(snakemake.output[0], files.overlay, quality, start, stop)
    return "good" if quality["keep"] else f"{len(quality['reasons'])} reasons to drop the song"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
