"""Network file systems, on which processes of several machines share no memory."""

from pathlib import Path

import psutil

KINDS = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "gpfs", "lustre"}
    | {"nfs", "nfs4", "panfs", "smb3", "smbfs", "wekafs"}
)


def network_file_system(path: Path) -> str:
    """The kind of network file system that `path` is on, such as nfs4; empty where it is a disk of this machine."""
    mounted = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    kind = next((mounted[folder] for folder in (path.resolve(), *path.resolve().parents) if folder in mounted), "")
    return kind if kind in KINDS else ""
