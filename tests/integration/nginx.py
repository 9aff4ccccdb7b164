"""A real nginx with the project's own files."""

import os
import re
import signal
from pathlib import Path
from typing import Mapping, Optional

from client import Endpoint
from ports import free_port
from process import Process, children, scratch_directory, service_user
from shipped import HOST, Change, adapt, copy_pages, hand_over, make_certificate, make_htpasswd
from wait import wait_until

Changes = Mapping[str, Mapping[str, Change]]

# Rates that no test reaches, for all tests but those of the limits.
NO_LIMITS: Changes = {"tally_http": {
    "rate=50r/s": Change("rate=100000r/s"),
    "rate=10r/s": Change("rate=100000r/s"),
}}

# Besides the site itself, a server without TLS that includes the same locations.
MAIN = """
pid {directory}/pid;
error_log {directory}/error.log info;
daemon off;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {directory}/body;
    fastcgi_temp_path {directory}/fastcgi;
    proxy_temp_path {directory}/proxy;
    scgi_temp_path {directory}/scgi;
    uwsgi_temp_path {directory}/uwsgi;
    include tally.conf;
    server {{
        listen 127.0.0.1:{port};
        server_name {host};
        include tally_locations;
    }}
}}
"""


class Nginx:
    """nginx in front of two pools' sockets; `changes` replace more of the shipped files' text."""

    def __init__(self, tally: Path, tally_admin: Path, changes: Changes = NO_LIMITS):
        self.account = service_user("www-data")
        self.directory = scratch_directory("nginx")
        self.error_log = self.directory / "error.log"
        self.plain = Endpoint(free_port(), host=HOST)
        self.redirect = Endpoint(free_port(), host=HOST)
        self.tls = Endpoint(free_port(), tls=True, host=HOST)
        self.process: Optional[Process] = None
        self.web = copy_pages(self.directory)
        self._write_files(tally, tally_admin, changes)
        hand_over(self.directory, self.account)
        self.start()

    def _write_files(self, tally: Path, tally_admin: Path, changes: Changes) -> None:
        certificate, key = make_certificate(self.directory)
        make_htpasswd(self.directory / "tally.htpasswd")
        site = {
            "    listen 80;\n": Change(f"    listen 127.0.0.1:{self.redirect.port};\n"),
            "    listen 443 ssl http2;\n": Change(f"    listen 127.0.0.1:{self.tls.port} ssl http2;\n"),
            "    listen [::]:80;\n": Change(""),
            "    listen [::]:443 ssl http2;\n": Change(""),
            "unix:/run/tally/tally.sock": Change(f"unix:{tally}"),
            "unix:/run/tally/tally-admin.sock": Change(f"unix:{tally_admin}"),
            "/etc/ssl/certs/usage.example.org.pem": Change(str(certificate)),
            "/etc/ssl/private/usage.example.org.key": Change(str(key)),
            "/usr/local/share/tally/web": Change(str(self.web)),
        }
        for name in ("tally.conf", "tally_http", "tally_errors", "tally_locations", "tally_page", "tally_params",
                     "tally_request_params", "tally_body_params"):
            own = site if name == "tally.conf" else {}
            adapt(f"nginx/{name}", self.directory / name, {**own, **changes.get(name, {})})
        (self.directory / "nginx.conf").write_text(
            MAIN.format(directory=self.directory, port=self.plain.port, host=HOST))

    def start(self) -> None:
        self.process = Process(
            ["nginx", "-e", self.error_log, "-c", self.directory / "nginx.conf"],
            self.directory / "output", self.account)
        wait_until(self._listens, "nginx to listen")

    def _listens(self) -> bool:
        # The master writes its pid file once all its sockets are open.
        assert self.process and self.process.alive()
        return (self.directory / "pid").exists()

    def reload(self) -> None:
        """Read the files anew, and wait until none is left of the workers that knew the old ones."""
        assert self.process and self.process.alive()
        pid = self.process.pid
        before = set(children(pid))
        os.kill(pid, signal.SIGHUP)
        wait_until(lambda: children(pid) and not before & set(children(pid)), "nginx to reload", 30)

    def stop(self) -> None:
        """Stop, and find no alarm in the error log."""
        if self.process:
            self.process.stop()
            self.process = None
        text = self.error_log.read_text(errors="replace")
        assert not re.search(r"\[(alert|emerg)\]", text), text[-4000:]
