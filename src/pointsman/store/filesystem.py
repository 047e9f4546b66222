"""What kind of file system a directory is on, as Linux's /proc says. Where that is not to be read, nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "davfs"})
CONTAINER_LAYER = frozenset({"overlay", "aufs"})


@dataclass(frozen=True, slots=True)
class Filesystem:
    """The kernel's name of it, `unknown` when it could not be found out."""

    name: str

    @property
    def over_network(self) -> bool:
        """Whether its files are another machine's, so that locks are a matter of luck."""
        return self.name in NETWORK or self.name.startswith("fuse.glusterfs")

    @property
    def in_container_layer(self) -> bool:
        """Whether it is a container's own layer, which is thrown away with the container."""
        return self.name in CONTAINER_LAYER


def filesystem_of(directory: Path, mounts: Path = Path("/proc/self/mountinfo")) -> Filesystem:
    """The file system that `directory` is on (proc(5), *mountinfo*)."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return Filesystem("unknown")
    place = directory.resolve()
    best, name = -1, "unknown"
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = Path(fields.split(" ")[4].encode("ascii", "replace").decode("unicode_escape"))
        # A later mount on the same point covers the earlier.
        if len(point.parts) >= best and place.is_relative_to(point):
            best, name = len(point.parts), rest.split(" ")[0]
    return Filesystem(name)
