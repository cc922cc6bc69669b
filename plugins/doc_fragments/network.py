# SPDX-License-Identifier: GPL-3.0-or-later
# Made by `make docs` from the options' declarations and docs/options/network.yml.
from __future__ import annotations


class ModuleDocFragment:
    """The options of a network. Libvirt's own manual, formatnetwork, explains each in full."""

    OPTIONS = r"""
options:
  uuid:
    description: UUID, chosen by libvirt where it is not given. It cannot be changed.
    type: str
  title:
    description: A short line that names the network (from libvirt 9.7).
    type: str
  description:
    description: Free text about the network (from libvirt 9.7).
    type: str
  forward:
    description:
    - How its guests reach the world. A new network without it is isolated (host-only), and so is one with C({}).
    - A network whose guests libvirt does not put on a bridge of its own (all but V(nat), V(route) and V(open))
      has no addresses, no DHCP and no DNS.
    type: dict
    suboptions:
      mode:
        description:
        - V(nat), V(route) and V(open) are bridges that libvirt makes. Guests reach the world as the host, as themselves
          (the world needs a route to them), or as the rules of the host's own firewall say.
        - V(bridge) is a bridge of the host (O(bridge.name)), or macvtap on a device of the host in this mode, as
          are V(private), V(vepa) and V(passthrough). V(hostdev) gives a virtual function of a NIC to each guest.
        - Another mode takes out of a network what does not go with it, such as its addresses or what libvirt filled
          in for its bridge. What the task itself gives is refused instead.
        type: str
        choices:
        - nat
        - route
        - open
        - bridge
        - private
        - vepa
        - passthrough
        - hostdev
      dev:
        description: Device of the host that it is limited to; with macvtap the first of O(forward.interfaces).
        type: str
      interfaces:
        description: Devices of the host that the NICs of the guests are spread over.
        type: list
        elements: str
      pf:
        description: Physical device of the host whose virtual functions the NICs of the guests get.
        type: str
      addresses:
        description: PCI addresses of the virtual functions for V(hostdev), such as V(0000:07:10.0).
        type: list
        elements: str
      managed:
        description: Whether libvirt takes the virtual function away from the host and gives it back.
        type: bool
      driver:
        description: Driver for V(hostdev), such as V(vfio).
        type: str
      nat:
        description: How V(nat) hides the guests. C({}) is as libvirt does it by itself.
        type: dict
        suboptions:
          ipv6:
            description: Whether IPv6 is hidden too; without it IPv6 is routed.
            type: bool
          addresses:
            description: Addresses of the host as which the guests appear, in place of that of the device.
            type: dict
            suboptions:
              start:
                description: First address.
                type: str
              end:
                description: Last address.
                type: str
          ports:
            description: Ports of the host that it takes for that.
            type: dict
            suboptions:
              start:
                description: First port.
                type: int
              end:
                description: Last port.
                type: int
  bridge:
    description: The bridge device that libvirt makes for it, or with V(forward.mode=bridge) that of the host.
    type: dict
    suboptions:
      name:
        description: Its name, chosen by libvirt where it is not given; 15 characters at most.
        type: str
      stp:
        description: Whether it takes part in the spanning tree protocol.
        type: bool
      delay:
        description: Forward delay in seconds.
        type: int
      zone:
        description: Zone of firewalld that it is put into.
        type: str
      mac_table_manager:
        description: Who tells the bridge which MAC address is where; V(libvirt) spares it learning and flooding.
        type: str
        choices:
        - kernel
        - libvirt
  mac:
    description: MAC address of the bridge, chosen by libvirt where it is not given.
    type: str
  mtu:
    description: MTU of the bridge in bytes.
    type: int
  ipv6:
    description: Whether guests reach each other by IPv6 where the network has no IPv6 address.
    type: bool
  isolated_ports:
    description: Whether guests reach the host and the world but not each other.
    type: bool
  trust_guest_rx_filters:
    description: Whether guests may change what macvtap lets through.
    type: bool
  domain:
    description: DNS domain of the guests. C({}) is none.
    type: dict
    suboptions:
      name:
        description: The domain, such as V(lab.test).
        type: str
      local_only:
        description: Whether questions about this domain are never passed on to other servers.
        type: bool
      register:
        description: Whether the host's systemd-resolved is told to ask this network about the domain (from libvirt
          10.1).
        type: bool
  dns:
    description: The DNS server of the network.
    type: dict
    suboptions:
      enable:
        description: Whether there is one.
        type: bool
      forward_plain_names:
        description: Whether questions about names without a dot are passed on to other servers.
        type: bool
      forwarders:
        description:
        - Servers to pass questions on to, in place of those of the host.
        - One without O(dns.forwarders.address) keeps its domain away from all others.
        type: list
        elements: dict
        suboptions:
          address:
            description: Address of the server.
            type: str
          domain:
            description: Domain that it is asked about; about all where it is not given.
            type: str
      hosts:
        description: Names that it answers for, beside those of the leases.
        type: list
        elements: dict
        suboptions:
          ip:
            description: Address.
            type: str
            required: true
          hostnames:
            description: Names of this address.
            type: list
            elements: str
            required: true
      txt:
        description: TXT records.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the record.
            type: str
            required: true
          value:
            description: Its text.
            type: str
            required: true
      srv:
        description: SRV records.
        type: list
        elements: dict
        suboptions:
          service:
            description: Name of the service, without the underscore.
            type: str
            required: true
          protocol:
            description: Its protocol.
            type: str
            choices:
            - tcp
            - udp
            required: true
          domain:
            description: Domain of the record; the network's own where it is not given.
            type: str
          target:
            description: Host that has the service.
            type: str
          port:
            description: Its port there; it needs O(dns.srv.target), as the next two do.
            type: int
          priority:
            description: Priority among several; the lowest comes first.
            type: int
          weight:
            description: Weight among those of one priority.
            type: int
  ips:
    description: Addresses of the host in this network, IPv4 or IPv6.
    type: list
    elements: dict
    suboptions:
      address:
        description: Address of the host, which tells one entry from another.
        type: str
        required: true
      prefix:
        description: Prefix length, such as V(24).
        type: int
      local_ptr:
        description: Whether reverse questions about these addresses are never passed on to other servers.
        type: bool
      tftp_root:
        description: Directory of the host whose files a TFTP server gives out; for IPv4. An empty text is none.
        type: str
      dhcp:
        description: The DHCP server on this address; libvirt takes it for one IPv4 and one IPv6 address of a network.
        type: dict
        suboptions:
          ranges:
            description: Addresses to give out.
            type: list
            elements: dict
            suboptions:
              start:
                description: First address.
                type: str
                required: true
              end:
                description: Last address.
                type: str
                required: true
              lease:
                description: How long a lease lasts; C({}) is as dnsmasq does it by itself, an hour.
                type: dict
                suboptions:
                  expiry:
                    description: For how long, two minutes at least; V(0) is for ever.
                    type: int
                  unit:
                    description: In which unit; minutes where it is not given.
                    type: str
                    choices:
                    - seconds
                    - minutes
                    - hours
          hosts:
            description: Fixed leases; a MAC address, a name and an address may each stand in one of them only.
            type: list
            elements: dict
            suboptions:
              mac:
                description: MAC address of the guest's NIC; for IPv4.
                type: str
              id:
                description: DUID of the guest; for IPv6.
                type: str
              name:
                description: Host name that the guest gets, and that DNS answers to.
                type: str
              ip:
                description: Address that the guest gets; it must lie in the network.
                type: str
                required: true
              lease:
                description: How long a lease lasts; C({}) is as dnsmasq does it by itself, an hour.
                type: dict
                suboptions:
                  expiry:
                    description: For how long, two minutes at least; V(0) is for ever.
                    type: int
                  unit:
                    description: In which unit; minutes where it is not given.
                    type: str
                    choices:
                    - seconds
                    - minutes
                    - hours
          bootp:
            description: What a guest starts from, by PXE; for IPv4. C({}) is none.
            type: dict
            suboptions:
              file:
                description: Name of the file.
                type: str
              server:
                description: Address of the server; the host itself where it is not given.
                type: str
  routes:
    description: Routes of the host by way of a guest in this network.
    type: list
    elements: dict
    suboptions:
      address:
        description: Network to reach.
        type: str
        required: true
      prefix:
        description: Its prefix length.
        type: int
        required: true
      gateway:
        description: Address of the guest, which lies in one of O(ips).
        type: str
        required: true
      metric:
        description: Metric of the route.
        type: int
  vlan:
    description: VLANs, where the switch below knows them (Open vSwitch, V(passthrough) and V(hostdev)). C({}) is
      none.
    type: dict
    suboptions:
      trunk:
        description: Whether frames keep their tags; so it is with several VLANs.
        type: bool
      tags:
        description: The VLANs.
        type: list
        elements: int
      native_tagged:
        description: The VLAN of frames without a tag; guests' own of this VLAN go out with it.
        type: int
      native_untagged:
        description: The VLAN of frames without a tag; guests' own of this VLAN go out without it.
        type: int
  virtualport:
    description: Port of a switch such as Open vSwitch that each NIC gets. C({}) is none.
    type: dict
    suboptions:
      type:
        description: Kind of the switch.
        type: str
        choices:
        - openvswitch
        - 802.1Qbg
        - 802.1Qbh
        - midonet
      interfaceid:
        description: UUID of the port.
        type: str
      profileid:
        description: Profile of the port.
        type: str
      managerid:
        description: Manager of V(802.1Qbg).
        type: int
      typeid:
        description: Type of V(802.1Qbg).
        type: int
      typeidversion:
        description: Version of that type.
        type: int
      instanceid:
        description: Instance of V(802.1Qbg).
        type: str
  bandwidth:
    description: Limits of what goes through the bridge, for all guests together.
    type: dict
    suboptions:
      inbound:
        description: What comes in. C({}) is no limit.
        type: dict
        suboptions:
          average:
            description: KiB a second.
            type: int
          peak:
            description: KiB a second at most.
            type: int
          burst:
            description: KiB at peak speed.
            type: int
      outbound:
        description: What goes out. C({}) is no limit.
        type: dict
        suboptions:
          average:
            description: KiB a second.
            type: int
          peak:
            description: KiB a second at most.
            type: int
          burst:
            description: KiB at peak speed.
            type: int
  portgroups:
    description: Kinds of NICs, which a NIC names. A change is for those that are plugged in after it.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the group.
        type: str
        required: true
      default:
        description: Whether NICs that name none belong to it.
        type: bool
      trust_guest_rx_filters:
        description: Whether their guests may change what macvtap lets through.
        type: bool
      virtualport:
        description: Port of a switch such as Open vSwitch that each NIC gets. C({}) is none.
        type: dict
        suboptions:
          type:
            description: Kind of the switch.
            type: str
            choices:
            - openvswitch
            - 802.1Qbg
            - 802.1Qbh
            - midonet
          interfaceid:
            description: UUID of the port.
            type: str
          profileid:
            description: Profile of the port.
            type: str
          managerid:
            description: Manager of V(802.1Qbg).
            type: int
          typeid:
            description: Type of V(802.1Qbg).
            type: int
          typeidversion:
            description: Version of that type.
            type: int
          instanceid:
            description: Instance of V(802.1Qbg).
            type: str
      vlan:
        description: VLANs, where the switch below knows them (Open vSwitch, V(passthrough) and V(hostdev)). C({})
          is none.
        type: dict
        suboptions:
          trunk:
            description: Whether frames keep their tags; so it is with several VLANs.
            type: bool
          tags:
            description: The VLANs.
            type: list
            elements: int
          native_tagged:
            description: The VLAN of frames without a tag; guests' own of this VLAN go out with it.
            type: int
          native_untagged:
            description: The VLAN of frames without a tag; guests' own of this VLAN go out without it.
            type: int
      bandwidth:
        description: Limits of what goes through each NIC.
        type: dict
        suboptions:
          inbound:
            description: What comes in. C({}) is no limit.
            type: dict
            suboptions:
              average:
                description: KiB a second.
                type: int
              peak:
                description: KiB a second at most.
                type: int
              burst:
                description: KiB at peak speed.
                type: int
          outbound:
            description: What goes out. C({}) is no limit.
            type: dict
            suboptions:
              average:
                description: KiB a second.
                type: int
              peak:
                description: KiB a second at most.
                type: int
              burst:
                description: KiB at peak speed.
                type: int
  dnsmasq_options:
    description:
    - Lines for the configuration of dnsmasq, such as V(cache-size=1000), in their order.
    - They are what libvirt does not look at; a wrong one keeps the network from starting.
    type: list
    elements: str
"""
