# coord in a container. How to run it, and its migrations: docs/operations.md.

# A release is built from one digest: --build-arg PYTHON=python:3.11-slim@sha256:… (docs/operations.md, "What a release is made of").
ARG PYTHON=python:3.11-slim
FROM ${PYTHON}

WORKDIR /srv/coord
# What coord runs on, and nothing that only its tests need: pytest stands in requirements.txt.
COPY requirements-runtime.txt ./
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements-runtime.txt
COPY wsgi.py ./
COPY config config
COPY migrations migrations
COPY docs/PROTOCOL.md docs/PROTOCOL.md
COPY coord coord

# A clone that was made with a strict umask has files that nobody but its owner may read; here that is root.
RUN chmod -R a+rX . \
    && useradd --system --uid 10001 --home-dir /var/lib/coord --create-home coord
USER coord
VOLUME /var/lib/coord

ENV FLASK_APP=wsgi.py \
    PYTHONDONTWRITEBYTECODE=1 \
    COORD_BIND=0.0.0.0:8001 \
    COORD_DATABASE_URL=sqlite:////var/lib/coord/coord.db

EXPOSE 8001
# /livez and not /health: a new container does not cure a database that is away. Without a proxy, which Docker may put into the environment.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:8001/livez', timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "wsgi:app"]
