#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# First process of the guest image `tiny`.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /etc/acpi/PWRF /www
mount -t devpts devpts /dev/pts
while read -r module; do
  insmod "/modules/$module"
done </modules/order

name=tiny
read -r line </proc/cmdline
for word in $line; do
  case $word in
    hostname=?*) name=${word#hostname=} ;;
  esac
done
hostname "$name"
echo "$name" >/www/index.html

# The power button ends the guest at once: there is nothing to save.
printf '#!/bin/sh\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod +x /etc/acpi/PWRF/00000080
# acpid ends at once where it can't write its log.
mkdir -p /var/log /var/run
acpid

ip link set lo up
httpd -h /www -p 80
# Runs what it is told, for tests of what a guest reaches.
nc -ll -p 23 -e sh &
tries=50
while [ ! -e /sys/class/net/eth0 ] && [ "$tries" -gt 0 ]; do
  tries=$((tries - 1))
  usleep 100000
done
if [ -e /sys/class/net/eth0 ]; then
  ip link set eth0 up
  # Asks until it has a lease, then stays to renew it.
  udhcpc -i eth0 -s /bin/dhcp -x "hostname:$name" -t 5 -T 1 -A 1 -b -S >/dev/null 2>&1
fi
echo READY
while true; do
  # A session of its own, so that the shell on the console has job control.
  setsid cttyhack sh
done
