# The images of istio-install-cni: --target runtime, dev, fips or fips-dev.
#
# On Docker's hardened images by default. On plain Debian 13:
#   docker build --target runtime --build-arg BUILD_BASE=debian:trixie-slim \
#     --build-arg RUNTIME_BASE=scratch --build-arg DEV_BASE=debian:trixie-slim .
#
# `npm run image` builds it without a daemon and gives the stage `programs` what this checkout has built already.

# Has apt. All packages come from its sources.
ARG BUILD_BASE=dhi.io/debian-base:trixie-debian13-dev
# Has a C library and certificates, or nothing: what is missing is added.
ARG RUNTIME_BASE=dhi.io/static:20250419-glibc-debian13
ARG DEV_BASE=dhi.io/debian-base:trixie-debian13-dev

FROM ${RUNTIME_BASE} AS runtime-base
# Of nothing at all nothing can be copied.
WORKDIR /empty

FROM ${BUILD_BASE} AS build
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates cargo gcc git libc6-dev libcap2-bin nodejs npm
WORKDIR /source
COPY . .
RUN node scripts/bootstrap.mjs image-files

# What is ours, in a directory per layer.
FROM scratch AS programs
COPY --from=build /source/dist/image /

FROM ${BUILD_BASE} AS tools
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates iptables libatomic1 libcap2-bin libnftables1 libstdc++6 nftables \
    openssl openssl-provider-fips tini util-linux

# What is Debian's: the programs that the agent executes, and every library.
FROM tools AS packages
COPY scripts/image/collect.ts /collect.ts
COPY --from=runtime-base / /runtime-base
COPY --from=programs /node /node
RUN ["/node/usr/local/bin/node", "/collect.ts", "/runtime-base", "/collected"]

FROM tools AS launcher
COPY --from=programs /launcher /launcher
RUN setcap "$(cat /launcher/capabilities)" /launcher/root/usr/local/bin/install-cni

# The module checks itself by the digests in its configuration.
FROM tools AS fips-module
RUN mkdir -p /fips/etc/ssl /fips/usr/lib/ossl-modules \
    && cp "$(dpkg -L openssl-provider-fips | grep '/fips\.so$')" /fips/usr/lib/ossl-modules/fips.so \
    && openssl fipsinstall -quiet -module /fips/usr/lib/ossl-modules/fips.so -out /fips/etc/ssl/fipsmodule.cnf
COPY scripts/image/openssl-fips.cnf /fips/etc/ssl/openssl-fips.cnf

FROM ${RUNTIME_BASE} AS runtime
LABEL org.opencontainers.image.title="istio-install-cni" \
    org.opencontainers.image.description="The Istio CNI node agent and its plugin" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=packages /collected /
COPY --from=programs /node /
COPY --from=launcher /launcher/root /
COPY --from=programs /plugin /
COPY --from=programs /agent /
ENV PATH=/opt/cni/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/install-cni"]

FROM ${DEV_BASE} AS dev
LABEL org.opencontainers.image.title="istio-install-cni" \
    org.opencontainers.image.description="The Istio CNI node agent and its plugin, with a shell and apt" \
    org.opencontainers.image.licenses="Apache-2.0"
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates iptables libatomic1 libnftables1 libstdc++6 nftables tini util-linux \
    && rm -rf /var/lib/apt/lists/*
COPY --from=programs /node /
COPY --from=launcher /launcher/root /
COPY --from=programs /plugin /
COPY --from=programs /agent /
ENV PATH=/opt/cni/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 0:0
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/install-cni"]

FROM runtime AS fips
COPY --from=fips-module /fips /
ENV OPENSSL_CONF=/etc/ssl/openssl-fips.cnf \
    OPENSSL_MODULES=/usr/lib/ossl-modules \
    NODE_OPTIONS=--force-fips

FROM dev AS fips-dev
COPY --from=fips-module /fips /
ENV OPENSSL_CONF=/etc/ssl/openssl-fips.cnf \
    OPENSSL_MODULES=/usr/lib/ossl-modules \
    NODE_OPTIONS=--force-fips
