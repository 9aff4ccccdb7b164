"""A real Apache with mod_fcgid and both of the project's configurations."""

import re
import shutil
from pathlib import Path
from typing import Optional

from client import Endpoint
from pool import Settings, merged, write_ini
from ports import free_port
from process import ROOT, Process, check_sanitizers, scratch_directory, service_user
from shipped import CHART, HOST, Change, adapt, copy_pages, hand_over, make_certificate, make_htpasswd
from wait import wait_until

MODULES = (
    "mpm_event", "authn_core", "authn_file", "authz_core", "authz_host", "authz_user", "auth_basic",
    "alias", "rewrite", "headers", "mime", "dir", "setenvif", "ssl", "socache_shmcb", "fcgid", "unique_id",
)

# What a host's own configuration contributes, without Debian's rule against reading .ht files:
# the shipped .htaccess must do without it.
MAIN = """
{modules}
ServerRoot {directory}
ServerName {host}
PidFile {directory}/pid
DefaultRuntimeDir {directory}
ErrorLog {directory}/error.log
TypesConfig /etc/mime.types
FcgidIPCDir {directory}/ipc
FcgidProcessTableFile {directory}/processes
Listen 127.0.0.1:{redirect}
Listen 127.0.0.1:{tls}
Listen 127.0.0.1:{shared}
Include {directory}/tally.conf
<VirtualHost 127.0.0.1:{shared}>
    DocumentRoot {directory}/site
    <Directory {directory}/site>
        Require all granted
        AllowOverride All
    </Directory>
</VirtualHost>
"""


class Apache:
    """Apache that starts the workers itself, as a site of its own and in a folder of another."""

    def __init__(self, settings: Settings, program: Path, key: str = "ec"):
        self.account = service_user("www-data")
        self.directory = scratch_directory("apache")
        self.error_log = self.directory / "error.log"
        self.redirect = Endpoint(free_port(), host=HOST)
        self.tls = Endpoint(free_port(), tls=True, host=HOST)
        shared = free_port()
        self.folder = Endpoint(shared, prefix="/usage", host=HOST)
        self.direct = Endpoint(shared, prefix="/usage/tally.fcgi", host=HOST)
        self.folder_path = self.directory / "site" / "usage"
        self.process: Optional[Process] = None
        self._write_site(settings, program, key)
        self._write_folder(settings, program)
        self._write_main()
        hand_over(self.directory, self.account)
        self.start()

    def _write_site(self, settings: Settings, program: Path, kind: str) -> None:
        certificate, key = make_certificate(self.directory, kind)
        (self.directory / "libexec").mkdir()
        shutil.copy(program, self.directory / "libexec" / "tally.fcgi")
        ini = write_ini(self.directory / "tally.ini", settings)
        htpasswd = make_htpasswd(self.directory / "htpasswd")
        adapt(ROOT / "conf/apache/tally.conf", self.directory / "tally.conf", {
            "<VirtualHost *:80>": Change(f"<VirtualHost 127.0.0.1:{self.redirect.port}>"),
            "<VirtualHost *:443>": Change(f"<VirtualHost 127.0.0.1:{self.tls.port}>"),
            "/etc/ssl/certs/usage.example.org.pem": Change(str(certificate)),
            "/etc/ssl/private/usage.example.org.key": Change(str(key)),
            "/usr/local/libexec/tally": Change(f"{self.directory}/libexec", times=5),
            "/etc/apache2/tally_secre": Change(f"{self.directory}/tally_secre"),
            "AuthUserFile /etc/apache2/tally.htpasswd": Change(f"AuthUserFile {htpasswd}", times=2),
            "/usr/local/etc/tally/tally.ini": Change(str(ini), times=7),
            "/usr/local/share/tally/web": Change(str(copy_pages(self.directory)), times=3),
        })

    def _write_folder(self, settings: Settings, program: Path) -> None:
        folder = self.folder_path
        folder.mkdir(parents=True)
        shutil.copy(program, folder / "tally.fcgi")
        write_ini(folder / "tally.ini",
                  merged(settings, {"service": {"base_path": "/usage/tally.fcgi"}}))
        shutil.copytree(self.directory / "web", folder, dirs_exist_ok=True)
        shutil.copy(CHART, folder / "tally" / "chart.min.js")
        make_htpasswd(folder / ".htpasswd")
        (folder / "notes.txt").write_text("not for the web\n")
        adapt(ROOT / "conf/apache/htaccess", folder / ".htaccess", {
            "/home/example/tally.htpasswd": Change(str(folder / ".htpasswd")),
        })

    def _write_main(self) -> None:
        modules = "\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
        (self.directory / "apache.conf").write_text(MAIN.format(
            modules=modules, directory=self.directory, host=HOST, redirect=self.redirect.port,
            tls=self.tls.port, shared=self.folder.port))

    def start(self) -> None:
        self.process = Process(
            ["apache2", "-f", self.directory / "apache.conf", "-D", "FOREGROUND"],
            self.directory / "output", self.account)
        wait_until(self._listens, "Apache to listen")

    def _listens(self) -> bool:
        assert self.process and self.process.alive()
        return (self.directory / "pid").exists()

    def stop(self) -> None:
        """Stop, and find neither alarms nor a sanitizer's report in the error log."""
        if self.process:
            self.process.stop(seconds=30)
            self.process = None
        text = self.error_log.read_text(errors="replace")
        assert not re.search(r":(alert|emerg)\]", text), text[-4000:]
        check_sanitizers(self.error_log)
