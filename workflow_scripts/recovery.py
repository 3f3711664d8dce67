"""Recover one song's motion from its 2D points, from the first lyric stamp to six seconds after the last slice."""

from job import run


def main(snakemake) -> str:
    import shutil
    import time
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.core.files import read_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.motion.song_motion import write_song_motion
    from justlmd.pose.keypoints import read_keypoints2d
    from justlmd.recovery.backends import RecoverySettings, recover_song

    files, params, output = snakemake.input, snakemake.params, snakemake.output
    work_folder = Path(output.motion).with_name("easymocap")  # stays when the job fails: the next attempt goes on
    start = time.monotonic()
    song = recover_song(
        read_keypoints2d(files.keypoints2d),
        read_lyrics(files.lyrics),
        read_json(files.sliced),
        load_body(params.body_model),
        RecoverySettings(
            params.backend,
            params.focal or None,
            None if params.pitch == "auto" else params.pitch,
            params.device,
            params.easymocap,
        ),
        height_m=params.height,
        crop=params.crop,
        video=files.video,
        work_folder=work_folder,
    )
    valid = song.motion.valid
    rate = len(valid) / (time.monotonic() - start)
    write_song_motion(output.motion, output.meta, song)
    shutil.rmtree(work_folder, ignore_errors=True)
    return f"{valid.sum()} of {len(valid)} frames at {rate:.0f} frames/s, {song.meta.method}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
