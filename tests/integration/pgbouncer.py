"""PgBouncer before a cluster, in transaction mode, as shared set-ups have it."""

import shutil

from postgres import WEB_ROLE, Postgres
from process import Process, scratch_directory
from wait import wait_until

PORT = 6432

INI = """[databases]
* = host={cluster}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
auth_type = trust
auth_file = {directory}/users
admin_users = {role}
pool_mode = transaction
default_pool_size = {size}
server_login_retry = 1
query_wait_timeout = {wait}
"""


class Pgbouncer:
    """At most `size` sessions; a query that gets none of them fails after `wait` seconds.

    It asks a server that was away again after a second, not after 15; else its defaults hold.
    """

    def __init__(self, postgres: Postgres, size: int = 2, wait: int = 120):
        account = postgres.account
        self.directory = scratch_directory("pgbouncer", account)
        (self.directory / "users").write_text(f'"{WEB_ROLE}" ""\n')
        ini = self.directory / "pgbouncer.ini"
        ini.write_text(INI.format(cluster=postgres.directory, directory=self.directory, port=PORT,
                                  role=WEB_ROLE, size=size, wait=wait))
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self.process = Process([program, ini], self.directory / "log", account)
        wait_until(self._listens, "PgBouncer to listen")

    def _listens(self) -> bool:
        assert self.process.alive()
        return (self.directory / f".s.PGSQL.{PORT}").exists()

    def conninfo(self, dbname: str) -> str:
        return f"host={self.directory} port={PORT} dbname={dbname} user={WEB_ROLE}"

    def output(self) -> str:
        return self.process.output()

    def stop(self) -> None:
        # SIGINT waits for clients to leave; this does not.
        self.process.stop()
