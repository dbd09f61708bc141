"""gunicorn's entry: `gunicorn -c config/gunicorn.py wsgi:app`."""

from coord.app import create_app

app = create_app()
