"""A real nginx with the project's own files."""

import os
import re
import signal
from pathlib import Path
from typing import Mapping, Optional

from client import Endpoint
from ports import free_port
from process import ROOT, Process, children, scratch_directory, service_user
from shipped import HOST, Change, adapt, copy_pages, hand_over, make_certificate, make_htpasswd
from wait import wait_until

Changes = Mapping[str, Mapping[str, Change]]

# Rates that no test reaches, for all tests but those of the limits; and a wrong password is told at once.
NO_LIMITS: Changes = {
    "tally_http": {f"rate={rate}r/s": Change("rate=100000r/s") for rate in (50, 10, 200, 20)},
    "tally_locations": {"auth_delay 1s;": Change("auth_delay 0;"), "tally_users   3;": Change("tally_users 1000;"),
                        "tally_admins  3;": Change("tally_admins 1000;"), "tally_senders 64;": Change("tally_senders 1000;")},
}

# The site's own file, which is adapted to where the tests have things, and the files that it includes.
SITE = "tally.conf"
INCLUDED = tuple(sorted(path.name for path in (ROOT / "nginx").iterdir() if path.name != SITE))

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
    """nginx in front of its pools' sockets: `tally`, which also has the events and health unless `more` names others
    for them, and `tally_admin`. `changes` replace more of the shipped files' text; `site` stands for tally.conf."""

    def __init__(self, tally: Path, tally_admin: Path, changes: Changes = NO_LIMITS,
                 more: Mapping[str, Path] = {}, site: Path = ROOT / "nginx" / SITE, key: str = "ec"):
        self.account = service_user("www-data")
        self.directory = scratch_directory("nginx")
        self.error_log = self.directory / "error.log"
        self.plain = Endpoint(free_port(), host=HOST)
        self.redirect = Endpoint(free_port(), host=HOST)
        self.tls = Endpoint(free_port(), tls=True, host=HOST)
        self.process: Optional[Process] = None
        self.web = copy_pages(self.directory)
        self._write_files({"tally": tally, "tally-admin": tally_admin, "tally-events": tally, "tally-health": tally,
                           **more}, changes, site, key)
        hand_over(self.directory, self.account)
        self.start()

    def _write_files(self, sockets: Mapping[str, Path], changes: Changes, site: Path, key: str) -> None:
        certificate, private = make_certificate(self.directory, key)
        make_htpasswd(self.directory / "tally.htpasswd")
        text = site.read_text()
        places = {
            "    listen 80;\n": f"    listen 127.0.0.1:{self.redirect.port};\n",
            "    listen 443 ssl http2;\n": f"    listen 127.0.0.1:{self.tls.port} ssl http2;\n",
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            **{f"unix:/run/tally/{name}.sock": f"unix:{path}" for name, path in sockets.items()},
            "/etc/ssl/certs/usage.example.org.pem": str(certificate),
            "/etc/ssl/private/usage.example.org.key": str(private),
            "/usr/local/share/tally/web": str(self.web),
        }
        own = {old: Change(new) for old, new in places.items() if old in text}
        adapt(site, self.directory / SITE, {**own, **changes.get(SITE, {})})
        for name in INCLUDED:
            adapt(ROOT / "nginx" / name, self.directory / name, changes.get(name, {}))
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
