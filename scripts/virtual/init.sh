#!/bin/busybox sh
# First process of the virtual board: the host's files read-only below a file system in memory; runs the script of board.script= there.
b=/bin/busybox
$b mount -t proc p /proc; $b mount -t sysfs s /sys; $b mount -t devtmpfs d /dev
for module in /modules/*; do $b insmod "$module"; done
for word in $($b cat /proc/cmdline); do
  case $word in
    board.script=*) script=${word#*=} ;;
    board.repository=*) repository=${word#*=} ;;
    board.python=*) python=${word#*=} ;;
  esac
done
share() { $b mkdir -p "$2"; $b mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"; }
share files /host cache=loose,ro
$b mount -t tmpfs t /writable; $b mkdir /writable/upper /writable/work
$b mount -t overlay -o lowerdir=/host,upperdir=/writable/upper,workdir=/writable/work o /board
for place in proc sys dev; do $b mount --move /$place /board/$place; done
$b mount -t tmpfs t /board/run; $b mount -t tmpfs -o mode=1777 t /board/tmp
$b mkdir -p /board/dev/shm /board/dev/pts; $b mount -t tmpfs t /board/dev/shm; $b mount -t devpts p /board/dev/pts
share repository /repository cache=loose,ro
$b mkdir -p /writable/repository /writable/repository-work "/board$repository"
$b mount -t overlay -o lowerdir=/repository,upperdir=/writable/repository,workdir=/writable/repository-work o "/board$repository"
share board /board/run/board cache=loose,ro
share out /board/run/out cache=none
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 REPOSITORY=$repository PYTHON=$python
$b ifconfig lo 127.0.0.1 up
$b chroot /board /bin/bash "$script" >/dev/console 2>&1
echo $? >/board/run/out/rc
$b sync; $b poweroff -f
