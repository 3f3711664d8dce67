"""Find the dancer of one song in every picture."""

from job import progress_bar, run


def main(snakemake) -> str:
    from justlmd.core.files import write_npz

    find = from_mmpose if snakemake.params.backend == "mmpose" else with_mediapipe
    keypoints2d = find(snakemake)
    write_npz(snakemake.output[0], **keypoints2d)
    detected = keypoints2d["detected"]
    return f"dancer found in {detected.sum()} of {len(detected)} pictures"


def with_mediapipe(snakemake):
    from justlmd.pose.landmarks import estimate_keypoints2d

    with progress_bar("pictures") as progress:
        return estimate_keypoints2d(snakemake.input.video, dancer=snakemake.params.dancer, progress=progress)


def from_mmpose(snakemake):
    from justlmd.body.model import load_body
    from justlmd.core.files import read_json
    from justlmd.media.video import probe
    from justlmd.pose.lifting import with_every_landmark
    from justlmd.pose.mmpose import keypoints2d_from_mmpose

    video, path = probe(snakemake.input.video), snakemake.input.mmpose
    people = read_json(path)
    found = keypoints2d_from_mmpose(people, video.frames, video.width, video.height, path, snakemake.params.dancer)
    return with_every_landmark(found, load_body())


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
