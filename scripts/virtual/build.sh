#!/usr/bin/env bash
# Builds what the virtual board boots: Debian's kernel, its drivers and root file systems: one for a foreign processor, and for every
# processor the newer Debian whose libcamera plays a camera, with picamera2.
#   build.sh FOLDER ARCH PYTHON     ARCH amd64 or arm64; PYTHON: the project's. From Debian's packages and PyPI alone, through apt
# roots of its own (the machine's sources stay as they are) and the mirror that this machine's apt uses already.
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

apt_root() { # apt_root NAME ARCH SUITE...: an empty system of that processor
  local name=$1 of=$2 root=$folder/apt-$1 suite
  shift 2
  mkdir -p "$root"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} \
    "$root"/var/{lib/apt/lists/partial,cache/apt/archives/partial,lib/dpkg}
  : >"$root/var/lib/dpkg/status"
  for suite; do echo "deb [signed-by=$keyring] $mirror $suite main"; done >"$root/etc/apt/sources.list"
  printf 'Dir "%s/";\nDir::State::status "%s/var/lib/dpkg/status";\nAPT::Architecture "%s";\nAPT::Architectures {"%s";};\nAPT::Sandbox::User "root";\n' \
    "$root" "$root" "$of" "$of" >"$root/apt.conf"
  in_root "$name" apt-get update -qq || give_up "Debian's package lists cannot be fetched: is there a network?"
}
in_root() { local root=$folder/apt-$1; shift; APT_CONFIG=$root/apt.conf "$@"; }
fetch() { # fetch NAME PACKAGE...: into debs/
  local of=$1; shift
  (cd debs && in_root "$of" apt-get download -qq "$@") || give_up "Debian's packages cannot be fetched: is there a network?"
}
unpack() { # unpack NAME TARGET PACKAGE...: a root file system with all that these packages need; nothing is configured, nothing runs
  local of=$1 target=$2 deb
  shift 2
  in_root "$of" apt-get install -qq -y --download-only --no-install-recommends \
    bash coreutils grep sed findutils util-linux mount kmod procps libc-bin python3 "$@" >&2 ||
    give_up "Debian's packages for $arch cannot be fetched: is there a network?"
  rm -rf "$target" && mkdir "$target"
  for deb in apt-"$of"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$deb" "$target"; done
  mkdir -p "$target"/{proc,sys,dev,run,tmp}
}
wheels() { # wheels PYTHON_VERSION TARGET REQUIREMENT...: packages for the guest's processor
  local version=$1 target=$2 machine=x86_64 glibc flags
  shift 2
  [ "$arch" = amd64 ] || machine=aarch64
  flags=(--only-binary=:all: --no-compile --implementation cp --python-version "$version" --platform "manylinux2014_$machine")
  for glibc in 2_17 2_27 2_28 2_31 2_34; do flags+=(--platform "manylinux_${glibc}_$machine"); done
  # What exists as source only is Python alone: its wheel is made here.
  "$python" -m pip wheel --disable-pip-version-check -q --no-deps --wheel-dir pure -c "$repository/scripts/constraints.txt" pyftpdlib &&
    "$python" -m pip install --disable-pip-version-check -q "${flags[@]}" --find-links pure --target "$target" -c "$repository/scripts/constraints.txt" "$@" ||
    give_up "the Python packages for $arch cannot be fetched: is there a network?"
}

say "fetching Debian's kernel for $arch (once; about 280 MB)"
mkdir -p debs unpacked
suites=(bookworm bookworm-backports)
apt_root "$own" "$own" "${suites[@]}"
[ "$arch" = "$own" ] || apt_root "$arch" "$arch" "${suites[@]}"
# Backports drop the headers of older kernels: the newest that has them.
kernel=$(in_root "$arch" apt-cache pkgnames linux-headers-6.12 | sed -nE "s/^linux-headers-(6\.12\.[0-9]+\+[a-z0-9]+)-$arch\$/\1/p" | sort -V | tail -1)
[ -n "$kernel" ] || give_up "Debian's backports have no kernel 6.12 with headers for $arch any more"
fetch "$own" linux-source-6.12 "linux-headers-$kernel-common" "linux-kbuild-$kernel"
fetch "$arch" "linux-image-$kernel-$arch" "linux-headers-$kernel-$arch" busybox-static
for deb in debs/linux-headers-*.deb debs/linux-kbuild-*.deb debs/linux-image-*.deb debs/busybox-*.deb; do dpkg-deb -x "$deb" unpacked; done
headers=$folder/unpacked/usr/src/linux-headers-$kernel-$arch
sed -i "s#^include /usr/src#include $folder/unpacked/usr/src#" "$headers/Makefile"

say "building gpio-sim with wires, the camera vimc and more that Debian's kernel lacks"
sources=(drivers/gpio/gpio-sim.c kernel/irq/irq_sim.c drivers/i2c/i2c-stub.c drivers/dma-buf/dma-heap.c
  drivers/dma-buf/heaps/system_heap.c drivers/media/test-drivers/vimc)
dpkg-deb --fsys-tarfile debs/linux-source-*.deb | tar xO --wildcards '*.tar.xz' | xz -dc | tar x --wildcards "${sources[@]/#/*/}"
rm -rf drivers && mkdir drivers
for source in "${sources[@]}"; do cp -r "linux-source-6.12/$source" drivers/; done
patch -s -p1 -d drivers <"$here/gpio-sim-wire.patch"
mv drivers/gpio-sim.c drivers/gpio-sim-core.c
# Debian leaves IRQ_SIM out, so it goes into gpio-sim.ko; irq_to_desc is not exported to modules.
sed -i 's/#include <linux\/irq_sim.h>/&\n#include <linux\/irqdesc.h>/; s/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' drivers/irq_sim.c
built=(gpio-sim i2c-stub vimc)
# Debian's kernel for arm64 has no DMA heaps, from which picamera2 takes its memory; elsewhere they are no modules.
if ! grep -q '^CONFIG_DMABUF_HEAPS_SYSTEM=y' "$headers/.config"; then
  built+=(dma-heap system_heap)
  for source in dma-heap system_heap; do printf 'MODULE_LICENSE("GPL");\nMODULE_IMPORT_NS(DMA_BUF);\n' >>"drivers/$source.c"; done
  printf 'EXPORT_SYMBOL_GPL(%s);\n' dma_heap_add dma_heap_get_name >>drivers/dma-heap.c
fi
printf 'obj-m += %s\ngpio-sim-y := gpio-sim-core.o irq_sim.o\nvimc-y := %s\n' "${built[*]/%/.o}" \
  "$(cd drivers && echo vimc/*.c | sed 's/\.c\b/.o/g')" >drivers/Kbuild
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
rm -rf "$first" && mkdir -p "$first"/{bin,dev,proc,sys,modules,host,writable,repository,board}
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
libraries=(rpi-lgpio==0.6 lgpio==0.2.2.0 gpiod==2.5.0)
mapfile -t wanted < <("$python" -c 'import importlib.metadata as m; print(*[r for r in m.requires("gatewright") if "extra ==" not in r], sep="\n")')
if [ "$arch" = "$own" ]; then
  # The guest runs on this machine's own files, the project's environment included: only the chip libraries come beside it.
  "$python" -m pip install --disable-pip-version-check -q --no-deps --only-binary=:all: --target site "${libraries[@]}" ||
    give_up "the GPIO libraries cannot be fetched: is there a network?"
else
  wheels 3.11 site "${wanted[@]}" "${libraries[@]}" pytest
  say "unpacking Debian for $arch"
  unpack "$arch" root python3.11 libstdc++6 libgomp1 ca-certificates
  # Compiled here once, or every process of the emulated computer compiles what it imports; another Python's are of no use to it.
  if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    "$python" -m compileall -q -j 2 root/usr/lib/python3.11 site >/dev/null || true # one file may be of another Python
  fi
fi

say "fetching Debian with libcamera for $arch, and picamera2 (once; about 130 MB)"
apt_root camera "$arch" trixie
unpack camera camera-root python3-libcamera libcamera-ipa python3-prctl libstdc++6 libgomp1
rm -rf camera-site
# What picamera2 needs on this way. Its packages for previews, raw files and other cameras' processors stay away.
wheels 3.13 camera-site "${wanted[@]}" pytest piexif==1.1.3 simplejpeg==1.9.0 videodev2==0.0.4
wheels 3.13 camera-site --no-deps picamera2==0.3.38
mkdir camera-site/pidng
for absent in pykms pidng/__init__ pidng/camdefs pidng/core; do cp "$here/absent.py" "camera-site/$absent.py"; done
echo 'from scripts.virtual import picamera2_shim as _  # of the repository; last, when all else is there' >>camera-site/picamera2/__init__.py
# Compiled here once too, by that Debian's own Python: bytecode is the same for every processor.
compiler=camera-root
if [ "$arch" != "$own" ]; then
  compiler=compiler
  rm -rf debs/* compiler && mkdir compiler
  apt_root compiler "$own" trixie
  fetch compiler python3.13-minimal libpython3.13-minimal libpython3.13-stdlib libc6 zlib1g libexpat1
  for deb in debs/*.deb; do dpkg-deb -x "$deb" compiler; done
fi
loader=$(echo "$compiler"/usr/lib/*-linux-gnu/ld-linux-*.so.?)
PYTHONHOME=$compiler/usr "$loader" --library-path "${loader%/*}" "$compiler/usr/bin/python3.13" -m compileall -q \
  camera-root/usr/lib/python3.13 camera-root/usr/lib/python3 camera-site >/dev/null || true # one file may be of another Python
rm -rf debs unpacked pure compiler linux-source-6.12 apt-* first drivers
echo "$kernel-$arch" >kernel
