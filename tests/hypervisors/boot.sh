#!/bin/bash -eu
# SPDX-License-Identifier: GPL-3.0-or-later
#
# First process of an isolated libvirt host: builds the host's own file system and starts its daemons.
# Started by hypervisors.py in new network, mount, PID, IPC and UTS namespaces, never by hand.
#
#   HOST_DIR     the host's directory: etc lib cache log are its libvirt directories, files are laid over its root
#   HOST_NAME    its host name
#   HOST_GROUP   name of its control groups
#   HOST_ROOT    root of another Debian release, or empty: the machine's own root
#   HOST_SHARED  directories, one a line, that the host shares with the machine at the same path

mount --make-rprivate /
hostname "$HOST_NAME"

# A control group of its own in every hierarchy, so that guests of one name on two hosts don't share theirs.  Without any
# the host works, but libvirt can't limit guests.
groups=$(findmnt --noheadings --raw --types cgroup,cgroup2 --output TARGET,FSTYPE,OPTIONS)
while read -r target _ options; do
  group=$target/$HOST_GROUP
  mkdir -p "$group" || continue
  case ,$options, in
    *,cpuset,*)
      # Empty in a new group, and then no process may enter.
      cat "$target/cpuset.cpus" >"$group/cpuset.cpus"
      cat "$target/cpuset.mems" >"$group/cpuset.mems"
      ;;
  esac
  echo 0 >"$group/cgroup.procs"
done 2>/dev/null <<<"$groups" || true

# Whatever is written over the lower layers lies in memory and goes with the mount namespace: an installed package, an
# edited /etc/fstab.  Also, an upper layer can't lie below its own lower one, as it would in a checkout under /root.
# All of it is put together on /sys, which nothing needs until the host has its own: no shared directory may contain it.
mount -t tmpfs -o mode=0755 build /sys
mkdir /sys/root /sys/layers
root=/sys/root
layers=0

overlay() { # LOWER TARGET
  layers=$((layers + 1))
  mkdir -p "/sys/layers/$layers/upper" "/sys/layers/$layers/work" "$2"
  chmod --reference="$1" "/sys/layers/$layers/upper"
  mount -t overlay -o "lowerdir=$1,upperdir=/sys/layers/$layers/upper,workdir=/sys/layers/$layers/work" overlay "$2"
}

machine_root() {
  mount -t tmpfs -o mode=0755 root "$root"
  local entry point
  for entry in /*; do
    if [ -L "$entry" ]; then
      cp -a "$entry" "$root/"
    elif [ -d "$entry" ]; then
      mkdir -p "$root$entry"
      chmod --reference="$entry" "$root$entry"
      case $entry in
        /dev | /proc | /run | /sys | /lost+found) ;;
        /boot | /etc | /opt | /root | /srv | /usr | /var) overlay "$entry" "$root$entry" ;;
        *) mount --rbind "$entry" "$root$entry" ;;
      esac
    fi
  done
  # A layer shows one file system only: those mounted below it get layers of their own.
  findmnt --real --noheadings --raw --types ext2,ext3,ext4,xfs,btrfs,f2fs --output TARGET | while read -r point; do
    case $point in
      /boot/* | /etc/* | /opt/* | /root/* | /srv/* | /usr/* | /var/*) [ ! -d "$point" ] || overlay "$point" "$root$point" ;;
    esac
  done
}

device() { # NAME MODE TYPE MAJOR MINOR
  mknod --mode="$2" "$root/dev/$1" "$3" "$4" "$5"
}

devices() {
  # Its own /dev: libvirt and guests' hooks make nodes there, and the machine's must not change.
  mount -t tmpfs -o mode=0755,nosuid dev "$root/dev"
  mkdir -p "$root"/dev/{pts,shm,net,mqueue,hugepages}
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
  device null 0666 c 1 3
  device zero 0666 c 1 5
  device full 0666 c 1 7
  device random 0666 c 1 8
  device urandom 0666 c 1 9
  device tty 0666 c 5 0
  device net/tun 0666 c 10 200
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  local node
  mkdir "$root/dev/vfio"
  for node in kvm vhost-net vhost-vsock fuse vfio/vfio loop-control; do
    [ ! -c "/dev/$node" ] || cp -a "/dev/$node" "$root/dev/$node"
  done
}

share() { # DIRECTORY
  # Left as it is where it is shared already; laid over again where a layer hides it.
  if [ -d "$1" ] && ! [ "$1" -ef "$root$1" ]; then
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
  fi
}

if [ -n "$HOST_ROOT" ]; then
  overlay "$HOST_ROOT" "$root"
else
  machine_root
fi
devices
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
# Its own /run: no D-Bus or systemd of the machine that libvirt could register its guests with.
mount -t tmpfs -o mode=0755,nosuid run "$root/run"
mkdir -p "$root"/run/{lock,libvirt,sshd,user}
chmod 1777 "$root/run/lock"

while read -r directory; do
  [ -z "$directory" ] || share "$directory"
done <<<"$HOST_SHARED"
for directory in etc lib cache log; do
  case $directory in
    etc) target=/etc/libvirt ;;
    *) target=/var/$directory/libvirt ;;
  esac
  mkdir -p "$root$target"
  mount --bind "$HOST_DIR/$directory" "$root$target"
done

# A link there (to a resolver that runs on the machine) would lead nowhere.
rm -f "$root/etc/resolv.conf" "$root/etc/machine-id"
# Not cp: it can't follow /lib and /sbin where these are links into /usr.
tar -C "$HOST_DIR/files" -c . | tar -C "$root" -x --keep-directory-symlink --no-overwrite-dir --no-same-owner
# Users that packages make which are unpacked here only, or that would start libvirtd on the machine.
user() { # NAME ID GROUP
  grep -q "^$1:" "$root/etc/passwd" || echo "$1:x:$2:$3::/nonexistent:/usr/sbin/nologin" >>"$root/etc/passwd"
}
user sshd 64052 65534
user libvirt-qemu 64055 65534
grep -q '^kvm:' "$root/etc/group" || echo 'kvm:x:64053:' >>"$root/etc/group"
grep -q '^libvirt:' "$root/etc/group" || echo 'libvirt:x:64054:' >>"$root/etc/group"
grep -q '^libvirt-qemu:' "$root/etc/group" || echo 'libvirt-qemu:x:64055:' >>"$root/etc/group"
# No network boot: a guest with a NIC and no disk that boots would look for a server for ever, at the full speed of a
# processor.
for rom in "$root"/usr/lib/ipxe/qemu/*.rom; do
  [ ! -f "$rom" ] || head --bytes=512 /dev/zero >"$rom"
done
# What whoever uses the machine has a shell do at its start is for the machine, and a shell over SSH would do it at every
# command.
rm -f "$root"/root/.{bashrc,bash_profile,bash_login,profile}
# One file for all hosts, rewritten as they come and go.
mount --bind "$HOST_DIR/../hosts" "$root/etc/hosts"

cd "$root"
mkdir -p .machine
pivot_root . .machine
# The chroot is for this shell, whose own root and programs are still the machine's.  In the new control group namespace
# the groups made above are the roots of their hierarchies.
export groups
# shellcheck disable=SC2016  # for the shell that it starts to expand
exec unshare --cgroup chroot . /bin/bash -eu -c '
  cd /
  umount --lazy /.machine
  rmdir /.machine 2>/dev/null || true
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
  mounted() {
    while read -r target type options; do
      [ "$target" != /sys/fs/cgroup ] || { mount -t cgroup2 cgroup2 /sys/fs/cgroup; continue; }
      mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=0755 cgroup /sys/fs/cgroup
      mkdir -p "$target"
      # Of the options only those that name the hierarchy.
      options=$(tr , "\n" <<<"$options" | grep -vxE "rw|ro|relatime|noatime|nosuid|nodev|noexec|xattr|clone_children|release_agent=.*|nsdelegate|memory_.*|favordynmods" | paste -sd ,)
      case $type:$options in
        cgroup2:*) mount -t cgroup2 cgroup2 "$target" ;;
        cgroup:name=*) mount -t cgroup -o "none,$options" cgroup "$target" ;;
        *) mount -t cgroup -o "$options" cgroup "$target" ;;
      esac || rmdir "$target"
    done <<<"$groups"
  }
  [ -z "$groups" ] || mounted
  if [ -f /sys/fs/cgroup/cgroup.subtree_control ]; then
    # Version 2 gives controllers only to groups of a group that has no processes itself.
    mkdir /sys/fs/cgroup/init
    echo 0 >/sys/fs/cgroup/init/cgroup.procs
    for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
      echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
    done
  fi
  virtlogd -d
  virtlockd -d
  libvirtd -d -l
  /usr/sbin/sshd -f /etc/ssh/isolated_host.conf
  # tini reaps at once: QEMU daemonizes, and libvirt waits as long as a dead QEMU stays unreaped.  The daemons are
  # children of it, so that a test may restart any of them while guests run on.
  exec tini -- sleep infinity
'
