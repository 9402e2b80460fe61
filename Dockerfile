# The whole lock is fetched and checked against its hashes here; the image itself takes from it what runs Mailwatch.
FROM python:3.13-slim AS wheels
WORKDIR /build
COPY requirements.lock ./
RUN pip wheel --no-cache-dir --no-deps --require-hashes --requirement requirements.lock --wheel-dir /wheels


FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=mailwatch.settings \
    MAILWATCH_HOME=/var/lib/mailwatch \
    MAILWATCH_STATIC_ROOT=/srv/mailwatch-static
RUN useradd --system --user-group --create-home --home-dir /var/lib/mailwatch mailwatch \
    && chmod 700 /var/lib/mailwatch
WORKDIR /srv/mailwatch
COPY pyproject.toml ./
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > /tmp/dependencies \
    && pip install --no-cache-dir --no-index --find-links /wheels --requirement /tmp/dependencies \
    && rm /tmp/dependencies
COPY manage.py ./
COPY ingest ./ingest
COPY mailwatch ./mailwatch
COPY templates ./templates
COPY static ./static
RUN MAILWATCH_SECRET_KEY=build-only MAILWATCH_HOME=/tmp/home python manage.py collectstatic --noinput && rm -rf /tmp/home
USER mailwatch
VOLUME /var/lib/mailwatch
EXPOSE 8000
CMD ["gunicorn", "mailwatch.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", "--timeout=120", "--no-control-socket"]
