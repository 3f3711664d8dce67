"""Train one of the configured models on the data set."""

from job import progress_bar, run


def main(snakemake) -> str:
    from pathlib import Path

    from model.configuration import read_config
    from model.training.train import train

    files, params = snakemake.input, snakemake.params
    dataset, out_dir = Path(files.index).parent, Path(snakemake.output.checkpoint).parent
    with progress_bar("steps") as progress:
        facts = train(dataset, out_dir, read_config(files.config), params.seed, params.device, progress=progress)
    loss = facts["held_out_loss"]
    judged = f"held-out loss {loss:.4f}" if loss is not None else "no held-out songs"
    return f"{facts['parameters']:,} parameters, {facts['steps']} steps, {judged}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
