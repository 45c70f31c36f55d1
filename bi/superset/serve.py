"""Superset with the dashboard of assets/, on 127.0.0.1: set up, imported, served. `make superset`.

Run again it brings users' installation up to date: what stands in assets/ is overwritten, what they made
themselves stays.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import bundle

HERE = Path(__file__).resolve().parent
USER = "admin"


def main() -> None:
    """Prepare, then become the server."""
    parser = argparse.ArgumentParser(description="The dashboard in Superset, on 127.0.0.1.")
    parser.add_argument("--database", help="postgresql://user@host/database, or a published file (managers')")
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument(
        "--home", type=Path, default=HERE / "home", help="where Superset keeps its own things"
    )
    given = parser.parse_args()
    home = given.home.resolve()
    try:
        uri = bundle.database_uri(given.database)
        _listens_nowhere(given.port)
    except (ValueError, OSError) as error:
        sys.exit(f"Error: {error}")
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    _kept(home / "secret_key")
    os.environ.update(
        VITALS_SUPERSET_HOME=str(home),
        SUPERSET_HOME=str(home),
        SUPERSET_CONFIG_PATH=str(HERE / "superset_config.py"),
        SCARF_ANALYTICS="false",
    )
    print("Superset: preparing (a minute or two the first time)", flush=True)
    password_file, log = home / "admin_password", home / "prepare.log"
    try:
        # It has much to say, and nothing that the user should do.
        with log.open("w", encoding="utf-8") as said, redirect_stdout(said), redirect_stderr(said):
            _prepare(bundle.contents(uri), password_file)
    except Exception as error:
        with log.open("a", encoding="utf-8") as said:
            traceback.print_exc(file=said)
        sys.exit(f"Error: {type(error).__name__}: {error}\n  What it said before: {_shown(log)}")
    print(f"Superset: http://127.0.0.1:{given.port}/superset/dashboard/vitals/ (in half a minute)")
    print(f"Log in as {USER}; the password stands in {_shown(password_file)}")
    print("Ctrl-C ends it.", flush=True)
    gunicorn = Path(sys.executable).with_name("gunicorn")
    bound = f"127.0.0.1:{given.port}"
    # One process: its own database is SQLite.
    settings = [
        "--bind",
        bound,
        "--workers",
        "1",
        "--threads",
        "8",
        "--timeout",
        "120",
        "--no-control-socket",
    ]
    os.execv(gunicorn, [str(gunicorn), *settings, "--log-level", "warning", "superset.app:create_app()"])


def _listens_nowhere(port: int) -> None:
    with socket.socket() as wanted:
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind(("127.0.0.1", port))
        except OSError as error:
            raise OSError(
                f"Port {port} cannot be had ({error.strerror}): name another with --port"
            ) from error


def _kept(file: Path) -> bool:
    """Make a secret for the owner alone, unless it is there; True when it is new."""
    if file.exists() and file.read_text(encoding="utf-8"):
        return False
    file.touch(mode=0o600)
    file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return True


def _prepare(files: dict[str, str], password_file: Path) -> None:
    """Superset's own tables and roles, its administrator, the assets."""
    from flask_migrate import upgrade
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from superset import appbuilder, db, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        upgrade()
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        is_new = _kept(password_file)
        password = password_file.read_text(encoding="utf-8")
        user = security_manager.find_user(USER)
        if user is None:
            role = security_manager.find_role("Admin")
            user = security_manager.add_user(USER, USER, "", "admin@localhost", role, password)
        elif is_new:
            # Its file was removed, to be given another.
            security_manager.reset_password(user.id, password)
        db.session.commit()
        with override_user(user):
            ImportAssetsCommand(files).run()


def _shown(file: Path) -> str:
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


if __name__ == "__main__":
    main()
