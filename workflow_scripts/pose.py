"""Find the dancer of one song in every picture."""

from job import progress_bar, run


def main(snakemake) -> str:
    from justlmd.files import write_npz
    from justlmd.pose import estimate_keypoints2d

    with progress_bar("pictures") as progress:
        keypoints2d = estimate_keypoints2d(snakemake.input[0], progress=progress)
    write_npz(snakemake.output[0], **keypoints2d)
    detected = keypoints2d["detected"]
    return f"dancer found in {detected.sum()} of {len(detected)} pictures"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
