#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints what a lab could leave behind on a libvirt host: devices, rules, processes and files.
set -eu
ip -o link show | cut -d : -f 2 | cut -d @ -f 1 | sort
# The chains themselves are libvirt's, and stay with the jumps to them.
for family in iptables ip6tables; do
  for table in filter nat mangle; do
    $family-save -t "$table" | grep '^-A' | grep -v -e '-j LIBVIRT_' | sed "s/^/$family $table /" || true
  done
done
pgrep -a 'qemu-system|dnsmasq|swtpm' || true
find /etc/libvirt /var/lib/libvirt /run/libvirt -type f ! -name '*.pid' ! -path '*/boot/*' | sort
