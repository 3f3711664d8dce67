# The whole workflow on CPUs, from the same locks as `make setup`: docs/containers.md
#
#   docker build --tag justlmd .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" justlmd --cores 2 --resources gpu=1
FROM debian:bookworm-slim

# Debian's Python 3.11 and make; everything else comes from the locks (ffmpeg too).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/justlmd
ARG PIP_EXTRA_INDEX_URL
# What is installed and downloaded, apart from the code that changes more often.
COPY pyproject.toml Makefile README.md LICENSE requirements.lock requirements-cpu.lock requirements-cuda.lock ./
COPY justlmd/ justlmd/
COPY tools/__init__.py tools/compile_once.py tools/
RUN XDG_CACHE_HOME=/opt/justlmd/.cache make setup PYTHON=python3
COPY . .

# Any user may run it, also one without a name or a home. Weights and compiled loops are in the image's own cache, where
# one song of the demo puts them, which also shows that the image works.
ENV PATH=/opt/justlmd/.venv/bin:$PATH HOME=/tmp USER=justlmd XDG_CACHE_HOME=/opt/justlmd/.cache
RUN python -m compileall -q justlmd model demo workflow_scripts \
    && snakemake --snakefile Snakefile --directory /tmp/demo --cores all --resources gpu=1 -- results/view/paper_star.html \
    && rm -rf /tmp/demo /tmp/.??* \
    && chmod -R a+rwX .cache

WORKDIR /work
ENTRYPOINT ["snakemake", "--snakefile", "/opt/justlmd/Snakefile", "--directory", "/work"]
CMD ["--cores", "all", "--resources", "gpu=1"]
