"""vsftpd: the daemon with its defaults and one folder that may be written to, plain or with TLS that wants one session for all."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import Certificates
from tests.daemons import find_daemon, free_port, running

VSFTPD = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
nopriv_user={user}
ftp_username={user}
secure_chroot_dir={empty}
anonymous_enable=YES
anon_root={root}
no_anon_password=YES
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
{tls}
"""
TLS = """
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
rsa_cert_file={both}
"""


@contextmanager
def vsftpd(folder: Path, certificates: Certificates | None, more: str = "") -> Iterator[tuple[int, Path]]:
    """(port, the folder that may be written to). What is not said here is as it comes."""
    program = find_daemon("vsftpd")
    root, empty = folder / "root", folder / "empty"
    for each in (root, root / "in", empty):
        each.mkdir()
    root.chmod(0o555)
    tls = TLS.format(both=certificates.both) + more if certificates else ""
    port = free_port()
    config = folder / "vsftpd.conf"
    config.write_text(VSFTPD.format(port=port, user=getpass.getuser(), root=root, empty=empty, tls=tls))
    with running([program, str(config)], folder / "said", port):
        yield port, root / "in"
    root.chmod(0o755)
