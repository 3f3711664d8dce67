"""Turn an exported GLB into FBX or USD through Blender."""

from job import run


def main(snakemake) -> str:
    from justlmd.export.through_blender import convert

    print(convert(snakemake.input.glb, snakemake.input.clock, snakemake.output[0], snakemake.params.python))
    return f"{snakemake.wildcards.kind} through Blender"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
