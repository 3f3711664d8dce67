"""Put one generated dance on the page of its song."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.core.files import write_text
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.view.motion_script import dancer
    from justlmd.view.packing import script

    files, wildcards = snakemake.input, snakemake.wildcards
    song = read_song_motion(files.motion, files.meta, load_body(snakemake.params.body_model))
    name = " ".join([wildcards.name, wildcards.sample.rpartition("_")[2]]).strip()
    content = dancer(name, song.upright(), song.body, song.meta.first_frame_s)
    write_text(snakemake.output[0], script("dance", content))
    return f"{content['frames']} frames"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
