"""Find the dancer of one song in every frame, and measure what the frames tell about the video."""

from job import progress_bar, run


def main(snakemake) -> str:
    from justlmd.pose.keypoints import write_keypoints2d
    from justlmd.quality.image_signals import write_image_signals

    find = from_mmpose if snakemake.params.backend == "mmpose" else with_mediapipe
    keypoints2d, signals = find(snakemake)
    write_image_signals(snakemake.output.image_signals, signals)
    write_keypoints2d(snakemake.output.keypoints2d, keypoints2d)
    detected = keypoints2d.detected
    return f"dancer found in {detected.sum()} of {len(detected)} frames"


def with_mediapipe(snakemake):
    from justlmd.pose.landmarks import estimate_keypoints2d
    from justlmd.quality.image_signals import ImageSignalRecorder

    recorder, params = ImageSignalRecorder(), snakemake.params
    with progress_bar("frames") as progress:
        found = estimate_keypoints2d(
            snakemake.input.video,
            dancer=params.dancer,
            second_looks=params.second_looks,
            observer=recorder,
            progress=progress,
        )
    return found, recorder.signals


def from_mmpose(snakemake):
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json
    from justlmd.media.video import probe
    from justlmd.pose.lifting import with_every_landmark
    from justlmd.pose.mmpose import keypoints2d_from_mmpose
    from justlmd.quality.image_signals import measure_image_signals

    video, path = probe(snakemake.input.video), snakemake.input.mmpose
    people = read_json(path)
    found = keypoints2d_from_mmpose(people, video.frames, video.width, video.height, path, snakemake.params.dancer)
    found = with_every_landmark(found, load_body())
    return found, measure_image_signals(snakemake.input.video, found)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
