#!/usr/bin/env bash
# Runs in the virtual board: loads its devices, then the bench tests and the contract tests that have a real driver here.
set -euo pipefail
cd "$REPOSITORY"
load() { modprobe -d /run/board/modules "$@"; }
load -a gpio-sim i2c-dev
load softdog soft_noboot=1
load i2c-stub chip_addr=0x48,0x68
load vivid n_devs=1 num_inputs=1 input_types=0x00 no_error_inj=0 || echo "virtual board: no camera driver vivid" >&2
mount -t configfs c /sys/kernel/config
mount -t cgroup2 c /sys/fs/cgroup
# Two chips: the board's own, and one labelled as a Pi 4's, DO1 wired to DI1, for the contract of every back end.
chip() { # chip NAME LABEL
  mkdir -p "/sys/kernel/config/gpio-sim/$1/bank"
  echo 32 >"/sys/kernel/config/gpio-sim/$1/bank/num_lines"
  echo "$2" >"/sys/kernel/config/gpio-sim/$1/bank/label"
  echo 1 >"/sys/kernel/config/gpio-sim/$1/live"
}
chip board gpio-sim-board
chip pi pinctrl-bcm2711
echo 22 >"/sys/bus/gpio/devices/$(cat /sys/kernel/config/gpio-sim/pi/bank/chip_name)/sim_gpio17/wire"

# Read by every Python of this guest: the libraries of the board, and the board that rpi-lgpio shall take this for (a Pi 4).
packages=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
mkdir -p "$packages"
printf '/run/board/site\nimport os; os.environ.setdefault("RPI_LGPIO_REVISION", "c03114")\n' >"$packages/virtual-board.pth"
export LG_WD=/run PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 # none of them is needed, and to load them all takes an emulated processor seconds

if [ -e /run/out/module ]; then # scripts/virtual/counted.py
  mapfile -d '' -t words </run/out/module
  exec "$PYTHON" -m "${words[@]}"
fi
exec "$PYTHON" -m scripts.virtual.parts
