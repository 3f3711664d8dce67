"""Put the dance to one song, the player and the audio into one file to pass on."""

from job import run


def main(snakemake) -> str:
    import tempfile
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.view.audio import write_m4a
    from justlmd.view.share_page import AUDIO_BITRATE, write_share_page
    from justlmd.view.song_page import read_page_content

    files = snakemake.input
    body = load_body()  # an SMPL file may not be passed on
    content = read_page_content(snakemake.wildcards.song, files, body, snakemake.params)
    audio = None
    if files.audio:
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / "audio.m4a"
            write_m4a(small, files.audio, AUDIO_BITRATE)
            audio = small.read_bytes()
    size = write_share_page(snakemake.output[0], content, body, audio, files.character or None)
    return f"{snakemake.output[0]}, {size / 1e6:.1f} MB"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
