"""List the generated dances by song for the pages."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.core.files import write_text
    from justlmd.view.packing import script

    folder = Path("results/view")
    listed: dict[str, list[str]] = {}
    for path in snakemake.input:
        place = Path(path).relative_to(folder)  # dances/<song>/<model>.js
        listed.setdefault(place.parts[1], []).append(place.as_posix())
    write_text(snakemake.output[0], script("dance_list", listed))
    return f"{len(snakemake.input)} dances to {len(listed)} songs"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
