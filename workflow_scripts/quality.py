"""Judge one song: metrics, thresholds, a verdict and its reasons."""

from job import run


def main(snakemake) -> str:
    from justlmd import FPS
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json, read_npz, write_json
    from justlmd.lyrics.document import lyrics_from_json
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.smplfull import read_motion_meta, read_smplfull
    from justlmd.quality.gate import assess, thresholds_of
    from justlmd.quality.image_signals import read_image_signals

    files, params = snakemake.input, snakemake.params
    thresholds_of(params.thresholds)  # a wrong name shows at once
    body = load_body(params.body_model or None)
    meta = read_motion_meta(files.meta)
    start_frame, stop_frame = round(meta.first_frame_s * FPS), None
    keypoints2d = signals = None
    if files.keypoints2d:
        stop_frame = motion_span(lyrics_from_json(read_json(files.lyrics)), read_json(files.sliced))[1]
        keypoints2d = read_npz(files.keypoints2d)
        signals = read_image_signals(files.image_signals)
    verdict = assess(
        read_smplfull(files.motion, allow_empty=True),
        body,
        start_frame=start_frame,
        stop_frame=stop_frame,
        keypoints2d=keypoints2d,
        image_signals=signals,
        named_dancer=bool(params.dancer),
        own_shapes=meta.body_model == body.name,
        thresholds=params.thresholds,
    )
    write_json(snakemake.output[0], verdict)
    return "good" if verdict["keep"] else "; ".join(verdict["reasons"])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
