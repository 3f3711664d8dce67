"""Judge one song: figures, thresholds, a verdict and its reasons."""

from job import run


def main(snakemake) -> str:
    from justlmd import FPS
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json, read_npz, write_json
    from justlmd.lyrics.document import lyrics_from_json
    from justlmd.lyrics.slices import motion_span
    from justlmd.motion.smplfull import read_motion_meta, read_smplfull
    from justlmd.quality.gate import assess
    from justlmd.quality.image_signals import picture_signs

    files, params = snakemake.input, snakemake.params
    body = load_body(params.body_model or None)
    meta = read_motion_meta(files.meta)
    start_frame, stop_frame = round(meta.first_frame_s * FPS), None
    keypoints2d = pictures = None
    if files.video:
        stop_frame = motion_span(lyrics_from_json(read_json(files.lyrics)), read_json(files.sliced))[1]
        keypoints2d = read_npz(files.keypoints2d)
        pictures = picture_signs(files.video, keypoints2d)
    verdict = assess(
        read_smplfull(files.motion, allow_empty=True),
        body,
        start_frame=start_frame,
        stop_frame=stop_frame,
        keypoints2d=keypoints2d,
        pictures=pictures,
        named_dancer=bool(params.dancer),
        own_shapes=meta.body_model == body.name,
        thresholds=params.thresholds,
    )
    write_json(snakemake.output[0], verdict)
    return "good" if verdict["keep"] else "; ".join(verdict["reasons"])


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
