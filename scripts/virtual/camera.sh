#!/usr/bin/env bash
# Runs in the virtual board, on a Debian whose libcamera plays a camera: the bench's camera test through picamera2, then the contract
# test of picamera2 on the kernel's own camera driver vimc.
set -euo pipefail
cd "$REPOSITORY"
[ -e /dev/dma_heap ] || modprobe -d /run/board/modules system_heap
ln -s system /dev/dma_heap/linux,cma # where picamera2 looks for memory
export PYTHONPATH=/run/board/camera-site:$REPOSITORY LIBCAMERA_LOG_LEVELS=*:ERROR
# The camera of libcamera's virtual pipeline sees what /run/out/frames holds: the bench's plate sheet.
mkdir -p /usr/share/libcamera/pipeline/virtual
cat >/usr/share/libcamera/pipeline/virtual/virtual.yaml <<'Y'
"Virtual0":
  supported_formats:
  - width: 1280
    height: 960
    frame_rates: [1, 30]
  - width: 320
    height: 240
    frame_rates: [1, 30]
  frames:
    path: "/run/out/frames/"
  location: "CameraLocationFront"
  model: "the bench's plate sheet"
Y
mapfile -d '' -t words </run/out/words
bench=0 contract=0
"$PYTHON" -m hil_tests "${words[@]}" || bench=$?
echo
echo "Contract test of picamera2 against this kernel's camera driver"
modprobe -d /run/board/modules vimc # not before: picamera2:0 was to be the played camera
# libcamera asks udev for the devices, and nobody noted them here.
mkdir -p /run/udev/data
for numbers in /sys/class/video4linux/*/dev /sys/bus/media/devices/*/dev; do
  printf 'I:1\nV:1\n' >"/run/udev/data/c$(cat "$numbers")"
done
touch /run/udev/control
"$PYTHON" -m pytest -q -p no:cacheprovider -o addopts= --import-mode=importlib -rfs --junitxml=/run/out/contract.xml \
  -W ignore::DeprecationWarning tests/contract/test_kernel.py -k picamera2 || contract=$?
exit $((bench || contract))
