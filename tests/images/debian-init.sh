#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# First process of the guest image `debian`: finds the disk, and hands over to its system. Debian's own initramfs starts
# udev, which takes an emulated guest longer than all of this.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
  insmod "/modules/$module"
done </modules/order
until disk=$(findfs LABEL=root 2>/dev/null); do usleep 100000; done
mount -t ext4 -o ro "$disk" /root
umount /proc /sys /dev
exec switch_root /root /sbin/init
