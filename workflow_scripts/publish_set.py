"""Build the folder of what may be published of the data set."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.core.files import write_text
    from justlmd.dataset.publish import Terms, publish_set

    output, settings = snakemake.output, snakemake.params.publish
    terms = Terms(snakemake.params.licences, tuple(settings["withdrawn"]), settings["licence"], settings["contact"])
    table = publish_set(Path(snakemake.input[0]).parent, Path(output.card).parent, terms)
    write_text(output.table, table.to_csv(sep="\t", index=False, lineterminator="\n"))
    counts = table["verdict"].value_counts()
    return ", ".join(f"{counts.get(verdict, 0)} songs {verdict}" for verdict in ("published", "refused", "withdrawn"))


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
