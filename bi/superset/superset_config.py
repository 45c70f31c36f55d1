"""Superset as `make superset` runs it: on this machine, for this machine, without a word to anywhere else."""

import logging
import os
from pathlib import Path

# Where it keeps what it knows: users, their own charts, the key that seals passwords of databases.
HOME = Path(os.environ["VITALS_SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}?check_same_thread=false"
LOG_LEVEL = logging.WARNING

# As shipped, pages count their viewers elsewhere and may fetch maps, fonts and logos: the browser refuses it.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
# Its page of the API loads scripts from elsewhere.
FAB_API_SWAGGER_UI = False
