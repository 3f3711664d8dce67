"""Evaluate the trained models on songs that they have not seen."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.body.model import load_body
    from model.evaluation.evaluate import evaluate

    files, params = snakemake.input, snakemake.params
    models = {Path(path).parent.name: Path(path).parent for path in files.checkpoints}
    out_dir = Path(snakemake.output.metrics).parent
    evaluate(
        Path(files.index).parent,
        models,
        out_dir,
        body=load_body(params.body_model),
        bootstrap=params.bootstrap,
        seed=params.seed,
        device=params.device,
    )
    return f"{', '.join(models)}: see {out_dir}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
