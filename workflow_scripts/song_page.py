"""Make what people look at of one song: page, audio beside it, contact sheet and the thumbnail in the gallery."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.core.files import write_text
    from justlmd.view.audio import write_m4a
    from justlmd.view.song_page import character_script, read_page_content, write_song_page

    files, params, output = snakemake.input, snakemake.params, snakemake.output
    song = snakemake.wildcards.song
    links = {name: getattr(params, name) for name in ("gallery", "dances") if getattr(params, name)}
    if files.audio:
        write_m4a(output.audio, files.audio)
        links["audio"] = Path(output.audio).name
    if files.character:
        links["character"] = f"characters/{song}.js"
        write_text(Path(output.page).parent / links["character"], character_script(files.character))
    if files.overlay:
        write_stills(output, files, " – ".join(filter(None, (params.artist, params.title, song))))
        links |= {name: f"../songs/{song}/{name}.mp4" for name in ("video", "overlay")}
    content = read_page_content(song, files, load_body(params.body_model), params, links)
    write_song_page(output.page, output.data, content)
    size = Path(output.data).stat().st_size
    return f"{content['dancers'][0]['frames'] if content['dancers'] else 0} frames, {size / 1e6:.2f} MB"


def write_stills(output, files, name):
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.song_motion import read_motion_meta
    from justlmd.quality.contact_sheet import telling_frame, write_contact_sheet
    from justlmd.view.thumbnail import write_overlay_thumbnail

    start = read_motion_meta(files.meta).start_frame
    lyrics = read_lyrics(files.lyrics)
    stop = motion_span(lyrics, read_json(files.sliced))[1]
    quality = read_json(files.quality)
    write_contact_sheet(output.contact_sheet, files.overlay, quality, start, stop, name=name, lyrics=lyrics)
    write_overlay_thumbnail(output.thumbnail, files.overlay, telling_frame(quality, start, stop))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
