"""gunicorn's entry: `gunicorn -c config/gunicorn.py wsgi:app`."""

import sys

from coord.app import BadArea, BadSetting, create_app

try:
    app = create_app()
except (BadArea, BadSetting) as refused:
    sys.exit(f"coord: {refused}")
