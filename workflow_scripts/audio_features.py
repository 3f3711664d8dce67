"""Extract one song's audio features on its 30 fps timeline."""

from job import run


def main(snakemake) -> str:
    from justlmd.core.files import write_npz
    from justlmd.features.audio import audio_features

    features = audio_features(snakemake.input[0], edge35=snakemake.params.edge35)
    write_npz(snakemake.output[0], **features)
    return f"{len(features['log_mel'])} frames, {float(features['tempo']):.0f} beats per minute"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
