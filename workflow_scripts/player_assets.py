"""Put the player and the body that dances in it beside the pages."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from justlmd.core.files import write_text
    from justlmd.view.body_script import skinned_body
    from justlmd.view.packing import script

    output = snakemake.output
    body = load_body(snakemake.params.body_model)
    write_text(output.player, Path(snakemake.input.player).read_text(encoding="utf-8"))
    write_text(output.body, script("body", skinned_body(body)))
    return f"{len(body.v_template)} vertices"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
