#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# shellcheck disable=SC2154  # udhcpc gives the lease in the environment
#
# What udhcpc calls in the guest image `tiny` when a lease comes or goes.
case $1 in
  deconfig)
    ip -4 address flush dev "$interface"
    ;;
  bound | renew)
    ip -4 address flush dev "$interface"
    ip address add "$ip/${mask:-24}" dev "$interface"
    for gateway in $router; do
      ip route replace default via "$gateway"
    done
    : >/etc/resolv.conf
    for server in $dns; do
      echo "nameserver $server" >>/etc/resolv.conf
    done
    ;;
esac
