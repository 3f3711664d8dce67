"""Judge one song: metrics, thresholds, a verdict and its reasons."""

from job import run


def main(snakemake) -> str:
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json, write_json
    from justlmd.lyrics.document import read_lyrics
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.song_motion import read_song_motion
    from justlmd.pose.keypoints import read_keypoints2d
    from justlmd.quality.gate import assess, known_frames
    from justlmd.quality.image_signals import read_image_signals
    from justlmd.quality.series import quality_series

    files, params = snakemake.input, snakemake.params
    song = read_song_motion(files.motion, files.meta, load_body(params.body_model), allow_empty=True)
    stop_frame = None
    keypoints2d = signals = None
    if files.keypoints2d:
        stop_frame = motion_span(read_lyrics(files.lyrics), read_json(files.sliced))[1]
        keypoints2d = read_keypoints2d(files.keypoints2d)
        signals = read_image_signals(files.image_signals)
    verdict = assess(
        song.motion,
        song.body,
        start_frame=song.start_frame,
        stop_frame=stop_frame,
        keypoints2d=keypoints2d,
        image_signals=signals,
        named_dancer=bool(params.dancer),
        own_shapes=song.own_shapes,
        uncertainty=song.meta.uncertainty,
        thresholds=params.thresholds,
    )
    series = quality_series(
        song.motion, song.body, keypoints2d, song.start_frame, song.own_shapes, song.meta.uncertainty
    )
    motion = known_frames(song.motion.valid, song.start_frame)
    write_json(snakemake.output[0], verdict | {"motion": motion, "series": series})
    return "good" if verdict["keep"] else "; ".join(verdict["reasons"])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
