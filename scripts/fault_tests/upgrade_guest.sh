#!/usr/bin/env bash
# Runs in the virtual board whose power is cut while its host is upgraded: mounts its disk, then upgrades until the end comes.
set -euo pipefail
cd "$REPOSITORY"
modprobe -d /run/board/modules -a virtio_blk ext4 virtio_console
mkdir -p /data
mount -t ext4 /dev/vda /data
exec "$PYTHON" -m scripts.fault_tests.upgrade_guest
