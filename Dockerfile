# spdcheck in a container: docker build -t spdcheck . && docker run --rm -v "$PWD:/site:ro" spdcheck check
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY spdcheck spdcheck
COPY grammars grammars
COPY share share
RUN pip wheel --no-cache-dir --wheel-dir /wheels -c constraints.txt .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels spdcheck \
 && rm -rf /wheels \
 && useradd --create-home spdcheck
USER spdcheck
ENV SPDCHECK_CACHE=off
WORKDIR /site
ENTRYPOINT ["spdcheck"]
CMD ["check"]
