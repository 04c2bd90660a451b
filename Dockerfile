# docker build -t textkind .
# docker run --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 -v ./runs/reviews/model:/model:ro \
#     -e TEXTKIND_API_KEY=... textkind
#
# EXTRAS=serve,pretrained for encoders: PyTorch takes gigabytes, so that it is left out by default.
FROM python:3.11-slim AS build
ARG EXTRAS=serve
RUN python -m venv /opt/textkind
COPY constraints.txt pyproject.toml README.md LICENSE /source/
COPY src /source/src
RUN /opt/textkind/bin/pip install --no-cache-dir --constraint /source/constraints.txt "/source[${EXTRAS}]"

FROM python:3.11-slim
COPY --from=build /opt/textkind /opt/textkind
ENV PATH=/opt/textkind/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/tmp/numba
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin textkind
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["textkind", "serve", "--host", "0.0.0.0", "--port", "8000"]
CMD ["/model"]
