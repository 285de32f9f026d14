# Sourced by scripts/roots and scripts/sd-card: a fresh root of Debian for any processor, and commands that run in it. The caller has set
# `here` (the checkout), `arch` and `work` (a folder), runs as root and in namespaces of its own (`alone`).
own=$(dpkg --print-architecture)

say() { echo "${0##*/}: $*" >&2; }

need() { # need PROGRAM PACKAGE: said before the work, not after half of it
  command -v "$1" >/dev/null || { say "needs the Debian package $2"; exit 2; }
}

alone() { # what is mounted, runs and is registered from here on ends with this script and is seen by nobody else
  [ "$(id -u)" = 0 ] || { say "run it as root"; exit 2; }
  [ "${ALONE:-}" = yes ] || ALONE=yes exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
  mount --make-rprivate /
}

emulate() { # programs of another processor run here by qemu-user
  [ "$arch" != "$own" ] || return 0
  need qemu-aarch64-static qemu-user-static
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  compgen -G '/proc/sys/fs/binfmt_misc/*aarch64' >/dev/null ||
    printf '%s' ':gatewright-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' \
      >/proc/sys/fs/binfmt_misc/register
}

settings=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 PIP_ROOT_USER_ACTION=ignore)
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL http_proxy https_proxy no_proxy; do [ -z "${!name:-}" ] || settings+=("$name=${!name}"); done
in_root() { env -i "${settings[@]}" chroot "$root" "$@"; } # in_root COMMAND...

make_root() { # make_root SUITE PACKAGES [OPTIONS of mmdebstrap]: Debian below $root, with this checkout in /src
  local suite=$1 packages=$2 mirror
  shift 2
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | sed -n 1p)
  mirror=${mirror:-http://deb.debian.org/debian}
  say "$suite for $arch from $mirror"
  mmdebstrap --quiet --variant=minbase --arch="$arch" --skip=check/qemu --include="$packages" "$@" "$suite" "$root" "deb $mirror $suite main"
  mkdir -p "$root/src"
  (cd "$here" && git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar c -T -) | tar x -C "$root/src"
  cp -L /etc/resolv.conf "$root/etc/"
  cat /etc/ssl/certs/ca-certificates.crt >"$root/etc/ssl/certs/ca-certificates.crt" # this network's may differ from Debian's
}

enter() { mount --rbind /dev "$root/dev" && mount -t proc p "$root/proc" && mount -t tmpfs t "$root/run"; }
leave() { umount -R "$root/dev" "$root/proc" "$root/run"; }

boot_root() { # the root's own systemd, first process of namespaces of its own, without a network; false where this machine cannot do that
  local groups
  groups=$(findmnt -n -l -t cgroup2 -o TARGET | sed -n 1p)
  [ -n "$groups" ] && [ -x "$root/usr/lib/systemd/systemd" ] && [ "$arch" = "$own" ] || return 1
  group=$groups/gatewright-root-$$
  mkdir "$group" && mkdir -p "$work/booted" || return 1
  (echo "$BASHPID" >"$group/cgroup.procs" && exec unshare --pid --fork --kill-child --net --uts --ipc --cgroup --mount bash -euc '
    mount --make-rprivate /
    mount --bind "$0" "$1" && cd "$1" # without what is mounted below it
    mount -t proc p proc && mount -t sysfs -o ro s sys && mount -t cgroup2 c sys/fs/cgroup
    for each in run:755 dev:755; do mount -t tmpfs -o mode=${each#*:} t ${each%:*}; done
    mkdir dev/pts dev/shm run/old && mount -t devpts -o newinstance,ptmxmode=666 p dev/pts && mount -t tmpfs t dev/shm
    ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd
    for each in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do set -- $each; mknod -m 666 dev/$1 c $2 $3; done
    ip link set lo up
    pivot_root . run/old && cd / && umount -l /run/old
    exec env -i PATH=/usr/sbin:/usr/bin container=other /usr/lib/systemd/systemd systemd.unit=multi-user.target' \
    "$root" "$work/booted" </dev/null >"$work/said" 2>&1) &
  starter=$!
  for _ in {1..60}; do
    init=$(cat /proc/$starter/task/$starter/children 2>/dev/null) && init=${init// /} || return 1
    [ -z "$init" ] || [ "$(cat "/proc/$init/comm" 2>/dev/null)" != systemd ] || { in_booted systemctl list-jobs >/dev/null 2>&1 && return 0; }
    sleep 1
  done
  return 1
}
in_booted() { nsenter --target "$init" --all env -i "${settings[@]}" "$@"; } # in_booted COMMAND...
halt_root() { # what boot_root has begun, whether it was done or not
  [ -z "${init:-}" ] || kill -KILL "$init" 2>/dev/null || true
  [ -z "${starter:-}" ] || { kill -KILL "$starter" 2>/dev/null || true; wait "$starter" 2>/dev/null || true; }
  [ -z "${group:-}" ] || for _ in {1..50}; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break; sleep 0.1; done
  init='' starter='' group=''
}

add_package() { # the package of this checkout, signed by a new key that the camera trusts, starts with the host
  in_root bash -ec '
    cd /src
    python=/opt/gatewright/.venv/bin/python
    $python -m vadp_package keygen --key /tmp/k.key
    $python -m vadp_package build --out /tmp/dist --key /tmp/k.key
    cp -r /src /tmp/newer # /src/newer: a host of a later release, for who tries an update
    sed -i "s/^VERSION = .*/VERSION = \"99.0\"/" /tmp/newer/firmware/__init__.py
    (cd /tmp/newer && $python -m vadp_package firmware --out /src/newer --key /tmp/k.key)
    rm -rf /tmp/newer
    install -o gatewright -m 600 /tmp/k.pub /var/lib/gatewright/host/trust/
    chmod 755 /tmp/dist && chmod 644 /tmp/dist/*
    cd /opt/gatewright
    setpriv --reuid gatewright --regid gatewright --init-groups $python -m firmware install /tmp/dist/*.tar.gz --state /var/lib/gatewright
    rm -rf /tmp/k.key /tmp/k.pub /tmp/dist'
}
