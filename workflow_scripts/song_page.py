"""Make the page of one song: the dance, the words, what the quality gate saw, and beside it the audio."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.view.audio import write_m4a
    from justlmd.view.song_page import read_page_content, write_song_page

    files, params, output = snakemake.input, snakemake.params, snakemake.output
    song = snakemake.wildcards.song
    links = {"gallery": "index.html", "dances": "dances.js"}
    if files.audio:
        write_m4a(output.audio, files.audio)
        links["audio"] = Path(output.audio).name
    if files.keypoints2d:
        links |= {name: f"../songs/{song}/{name}.mp4" for name in ("video", "overlay")}
    content = read_page_content(song, files, load_body(params.body_model), params, links)
    write_song_page(output.page, output.data, content)
    size = Path(output.data).stat().st_size
    return f"{content['dancers'][0]['frames'] if content['dancers'] else 0} frames, {size / 1e6:.2f} MB"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
