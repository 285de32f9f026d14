#!/usr/bin/env bash
# Builds what the virtual board boots: Debian's kernel, its drivers and, for a foreign processor, a root file system.
#   build.sh FOLDER ARCH PYTHON     ARCH amd64 or arm64; PYTHON: the project's. From Debian's packages alone, through an apt root of
# its own (the machine's sources stay as they are) and the mirror that this machine's apt uses already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
folder=$1 arch=$2 python=$3
own=$(dpkg --print-architecture)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$folder" && cd "$folder"
folder=$PWD

say() { echo "virtual board: $*" >&2; }
give_up() { echo "$*" >not-built; exit 3; } # the caller prints it as the reason for skipping
rm -f not-built

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | sed -n 1p)
[ -n "$mirror" ] || give_up "apt on this machine knows no mirror of Debian (run apt-get update once on a Debian system)"

apt_root() { # apt_root ARCH: an empty system of that processor
  local root=$folder/apt-$1
  mkdir -p "$root"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} \
    "$root"/var/{lib/apt/lists/partial,cache/apt/archives/partial,lib/dpkg}
  : >"$root/var/lib/dpkg/status"
  for suite in bookworm bookworm-backports; do echo "deb [signed-by=$keyring] $mirror $suite main"; done >"$root/etc/apt/sources.list"
  printf 'Dir "%s/";\nDir::State::status "%s/var/lib/dpkg/status";\nAPT::Architecture "%s";\nAPT::Architectures {"%s";};\nAPT::Sandbox::User "root";\n' \
    "$root" "$root" "$1" "$1" >"$root/apt.conf"
  in_root "$1" apt-get update -qq || give_up "Debian's package lists cannot be fetched: is there a network?"
}
in_root() { local root=$folder/apt-$1; shift; APT_CONFIG=$root/apt.conf "$@"; }
fetch() { # fetch ARCH PACKAGE...: into debs/
  local of=$1; shift
  (cd debs && in_root "$of" apt-get download -qq "$@") || give_up "Debian's packages cannot be fetched: is there a network?"
}

say "fetching Debian's kernel for $arch (once; about 280 MB)"
mkdir -p debs unpacked
apt_root "$own"
[ "$arch" = "$own" ] || apt_root "$arch"
# Backports drop the headers of older kernels: the newest that has them.
kernel=$(in_root "$arch" apt-cache pkgnames linux-headers-6.12 | sed -nE "s/^linux-headers-(6\.12\.[0-9]+\+[a-z0-9]+)-$arch\$/\1/p" | sort -V | tail -1)
[ -n "$kernel" ] || give_up "Debian's backports have no kernel 6.12 with headers for $arch any more"
fetch "$own" linux-source-6.12 "linux-headers-$kernel-common" "linux-kbuild-$kernel"
fetch "$arch" "linux-image-$kernel-$arch" "linux-headers-$kernel-$arch" busybox-static
for deb in debs/linux-headers-*.deb debs/linux-kbuild-*.deb debs/linux-image-*.deb debs/busybox-*.deb; do dpkg-deb -x "$deb" unpacked; done
headers=$folder/unpacked/usr/src/linux-headers-$kernel-$arch
sed -i "s#^include /usr/src#include $folder/unpacked/usr/src#" "$headers/Makefile"

say "building gpio-sim with wires, which Debian's kernel lacks"
sources=(drivers/gpio/gpio-sim.c kernel/irq/irq_sim.c drivers/i2c/i2c-stub.c)
dpkg-deb --fsys-tarfile debs/linux-source-*.deb | tar xO --wildcards '*.tar.xz' | xz -dc | tar x --wildcards "${sources[@]/#/*/}"
rm -rf drivers && mkdir drivers
for source in "${sources[@]}"; do cp "linux-source-6.12/$source" drivers/; done
patch -s -p1 -d drivers <"$here/gpio-sim-wire.patch"
mv drivers/gpio-sim.c drivers/gpio-sim-core.c
# Debian leaves IRQ_SIM out, so it goes into gpio-sim.ko; irq_to_desc is not exported to modules.
sed -i 's/#include <linux\/irq_sim.h>/&\n#include <linux\/irqdesc.h>/; s/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' drivers/irq_sim.c
printf 'obj-m += gpio-sim.o i2c-stub.o\ngpio-sim-y := gpio-sim-core.o irq_sim.o\n' >drivers/Kbuild
cross=()
strip=strip
[ "$arch" != arm64 ] || [ "$own" = arm64 ] || { cross=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-); strip=aarch64-linux-gnu-strip; }
make -s "${cross[@]}" CONFIG_DEBUG_INFO_BTF_MODULES= -C "$headers" M="$folder/drivers" modules >&2
modules=$folder/modules
rm -rf "$modules" && mkdir -p "$modules/lib"
mv unpacked/lib/modules "$modules/lib/modules"
mkdir "$modules/lib/modules/$kernel-$arch/extra"
for module in drivers/*.ko; do "$strip" --strip-debug -o "$modules/lib/modules/$kernel-$arch/extra/${module##*/}" "$module"; done
/sbin/depmod -b "$modules" "$kernel-$arch"
cp "unpacked/boot/vmlinuz-$kernel-$arch" vmlinuz

say "packing the first file system"
first=$folder/first
rm -rf "$first" && mkdir -p "$first"/{bin,dev,proc,sys,modules,host,writable,board}
install -m755 unpacked/bin/busybox "$first/bin/busybox"
install -m755 "$here/init.sh" "$first/init"
number=10
for module in virtio_pci virtio_mmio 9pnet_virtio 9p overlay virtio_rng; do
  /sbin/modprobe -d "$modules" -S "$kernel-$arch" --show-depends "$module" 2>/dev/null | awk '$1=="insmod"{print $2}' || true
done | awk '!seen[$0]++' | while read -r file; do
  cp "$file" "$first/modules/$number-${file##*/}"
  case $file in *.xz) xz -d "$first/modules/$number-${file##*/}" ;; esac
  number=$((number + 1))
done
(cd "$first" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >first.gz

say "fetching the Python packages of the board"
rm -rf site
libraries=(rpi-lgpio==0.6 lgpio==0.2.2.0)
if [ "$arch" = "$own" ]; then
  # The guest runs on this machine's own files, the project's environment included: only the chip libraries come beside it.
  "$python" -m pip install --disable-pip-version-check -q --no-deps --only-binary=:all: --target site "${libraries[@]}" ||
    give_up "the GPIO libraries cannot be fetched: is there a network?"
else
  fetch_python=(--only-binary=:all: --implementation cp --python-version 3.11)
  for glibc in 2_17 2_27 2_28 2_31 2_34; do fetch_python+=(--platform "manylinux_${glibc}_aarch64"); done
  mapfile -t wanted < <("$python" -c 'import importlib.metadata as m; print(*[r for r in m.requires("gatewright") if "extra ==" not in r], sep="\n")')
  "$python" -m pip install --disable-pip-version-check -q "${fetch_python[@]}" --platform manylinux2014_aarch64 --target site \
    -c "$repository/scripts/constraints.txt" "${wanted[@]}" "${libraries[@]}" gpiod pytest ||
    give_up "the Python packages for $arch cannot be fetched: is there a network?"
  say "unpacking Debian for $arch"
  in_root "$arch" apt-get install -qq -y --download-only --no-install-recommends \
    bash coreutils grep sed findutils util-linux mount kmod procps libc-bin python3.11 python3 libstdc++6 libgomp1 ca-certificates >&2 ||
    give_up "Debian's packages for $arch cannot be fetched: is there a network?"
  rm -rf root && mkdir root
  for deb in apt-"$arch"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$deb" root; done # unpacked, not configured: nothing runs
  mkdir -p root/{proc,sys,dev,run,tmp}
fi
rm -rf debs unpacked linux-source-6.12 apt-* first drivers
echo "$kernel-$arch" >kernel
