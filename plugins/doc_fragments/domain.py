# SPDX-License-Identifier: GPL-3.0-or-later
# Made by `make docs` from the options' declarations and docs/options/domain.yml.
from __future__ import annotations


class ModuleDocFragment:
    """The options of a guest, by what they are about. Libvirt's own manual, formatdomain, explains each in full."""

    IDENTITY = r"""
options:
  name:
    description: Name of the guest; may be left out where O(xml) has it.
    type: str
  uuid:
    description:
    - UUID, chosen by libvirt where it is not given. It cannot be changed.
    - A guest that is off and has this UUID under another name is renamed to O(name).
    type: str
  title:
    description: A short line that names the guest.
    type: str
  description:
    description: Free text about the guest.
    type: str
  labels:
    description: Keys and values of your own, kept in the guest's metadata. The dict that is given is whole.
    type: dict
  protected:
    description: Whether this module refuses to remove the guest, until a task says V(false).
    type: bool
  virt_type:
    description: V(kvm) or, by emulation, V(qemu). A new guest gets V(kvm) where the host has it.
    type: str
    choices:
    - kvm
    - qemu
  arch:
    description: Architecture of the CPU; a new guest has the host's.
    type: str
  machine:
    description: Machine type; a new guest on x86 gets V(q35). An alias such as V(q35) is equal to every version
      of it, so that a newer QEMU upgrades no guest unasked.
    type: str
  emulator:
    description: Path of QEMU on the host; libvirt knows it by itself.
    type: str
"""

    RESOURCES = r"""
options:
  memory:
    description:
    - Memory with its unit, such as V(2 GiB). A bare number is refused. A new guest needs it.
    - Memory of O(memory_devices) counts in it. With O(cpu.cells) it is the sum of them all, and need not be given.
    type: str
  current_memory:
    description:
    - How much of it the guest has now; the memory balloon takes the rest.
    - It follows O(memory) where both were equal.
    type: str
  max_memory:
    description: Up to how much memory can be plugged in while the guest runs. C({}) is none.
    type: dict
    suboptions:
      size:
        description: The size, with its unit.
        type: str
      slots:
        description: How many modules can be plugged in.
        type: int
  memory_backing:
    description: Where the host has the guest's memory. C({}) is as QEMU does it by itself.
    type: dict
    suboptions:
      hugepages:
        description: Whether it is in huge pages.
        type: bool
      page_size:
        description: Size of those pages, with its unit.
        type: str
      source:
        description: What it is made of.
        type: str
        choices:
        - anonymous
        - file
        - memfd
      access:
        description: Whether other processes of the host see it; V(shared) is what virtiofs needs.
        type: str
        choices:
        - shared
        - private
      allocation:
        description: When the host gives it.
        type: str
        choices:
        - immediate
        - ondemand
      locked:
        description: Whether it is never swapped out.
        type: bool
      nosharepages:
        description: Whether equal pages of several guests stay apart.
        type: bool
      discard:
        description: Whether its content is dropped before the guest ends.
        type: bool
  memory_devices:
    description: All memory modules. They need O(max_memory) and O(cpu.cells).
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      model:
        description: Kind of the module.
        type: str
        choices:
        - dimm
        - nvdimm
        - virtio-pmem
        - virtio-mem
        required: true
      size:
        description: Its size, with its unit.
        type: str
        required: true
      node:
        description: NUMA cell of the guest that it belongs to.
        type: int
      block:
        description: Size of a block of virtio-mem, with its unit.
        type: str
      requested:
        description: How much of virtio-mem the guest shall have, with its unit.
        type: str
      path:
        description: File or device that backs it.
        type: str
  memballoon:
    description: The memory balloon.
    type: dict
    suboptions:
      model:
        description: Its model; V(none) is no balloon.
        type: str
        choices:
        - virtio
        - virtio-transitional
        - virtio-non-transitional
        - none
      autodeflate:
        description: Whether it gives memory back before the guest kills a process.
        type: bool
      free_page_reporting:
        description: Whether the guest tells the host which pages it does not use.
        type: bool
      stats_period:
        description: Every how many seconds it reports; 0 is never.
        type: int
  vcpus:
    description: Number of virtual CPUs that are plugged in; a new guest has one.
    type: int
  max_vcpus:
    description: Up to how many can be plugged in. It follows O(vcpus) where that grows beyond it.
    type: int
  cpuset:
    description: CPUs of the host on which they may run, such as V(0-3,^2).
    type: str
  iothreads:
    description: Number of threads that disks can be given to.
    type: int
  cpu:
    description: The CPU that the guest sees.
    type: dict
    suboptions:
      mode:
        description: Where the model comes from.
        type: str
        choices:
        - host-passthrough
        - host-model
        - maximum
        - custom
      model:
        description: Name of the model, for V(custom).
        type: str
      check:
        description: How closely libvirt looks whether the guest gets all that was asked for.
        type: str
        choices:
        - none
        - partial
        - full
      migratable:
        description: Whether features that stand in the way of a migration are left out.
        type: bool
      topology:
        description: How the CPUs are arranged; the product of all is O(max_vcpus).
        type: dict
        suboptions:
          sockets:
            description: Number of sockets.
            type: int
          dies:
            description: Number of dies in a socket.
            type: int
          cores:
            description: Number of cores in a die.
            type: int
          threads:
            description: Number of threads of a core.
            type: int
      features:
        description: Features beside those of the model, all but C(svm) and C(vmx), which are O(cpu.nested).
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the feature.
            type: str
            required: true
          policy:
            description: Whether the guest has it.
            type: str
            choices:
            - force
            - require
            - optional
            - disable
            - forbid
      nested:
        description:
        - Whether the guest can run guests of its own (nested virtualization).
        - It is the feature C(svm) or C(vmx), as the host's CPU has it.
        type: bool
      cells:
        description: The guest's own NUMA cells.
        type: list
        elements: dict
        suboptions:
          id:
            description: Number of the cell, from 0.
            type: int
            required: true
          cpus:
            description: Its CPUs, such as V(0-1).
            type: str
          memory:
            description: Its memory, with its unit.
            type: str
            required: true
          access:
            description: Whether other processes of the host see its memory.
            type: str
            choices:
            - shared
            - private
          discard:
            description: Whether its content is dropped before the guest ends.
            type: bool
  cputune:
    description: Limits and places of the CPUs.
    type: dict
    suboptions:
      shares:
        description: Weight against other guests.
        type: int
      period:
        description: Period of O(cputune.quota), in microseconds.
        type: int
      quota:
        description: How long each virtual CPU may run in a period, in microseconds; a negative number is no limit.
        type: int
      global_period:
        description: Period of O(cputune.global_quota).
        type: int
      global_quota:
        description: The same for the guest as a whole.
        type: int
      emulator_period:
        description: Period of O(cputune.emulator_quota).
        type: int
      emulator_quota:
        description: The same for QEMU's other threads.
        type: int
      emulator_pin:
        description: CPUs of the host for QEMU's other threads.
        type: str
      vcpu_pins:
        description: CPUs of the host for single virtual CPUs.
        type: list
        elements: dict
        suboptions:
          vcpu:
            description: Number of the virtual CPU, from 0.
            type: int
            required: true
          cpuset:
            description: CPUs of the host.
            type: str
            required: true
      iothread_pins:
        description: CPUs of the host for single I/O threads.
        type: list
        elements: dict
        suboptions:
          iothread:
            description: Number of the I/O thread, from 1.
            type: int
            required: true
          cpuset:
            description: CPUs of the host.
            type: str
            required: true
  numatune:
    description: From which NUMA nodes of the host the memory comes. C({}) is from all.
    type: dict
    suboptions:
      mode:
        description: How strictly.
        type: str
        choices:
        - strict
        - preferred
        - interleave
        - restrictive
      nodeset:
        description: The nodes.
        type: str
  blkiotune:
    description: Share of the host's disks.
    type: dict
    suboptions:
      weight:
        description: Weight against other guests; 0 is the default.
        type: int
  memtune:
    description: Limits of the host's memory, with their unit; V(0 B) is none.
    type: dict
    suboptions:
      hard_limit:
        description: What the guest can have at most, QEMU's own part included.
        type: str
      soft_limit:
        description: What it has when memory is short.
        type: str
      swap_hard_limit:
        description: Memory and swap together.
        type: str
"""

    FIRMWARE = r"""
options:
  firmware:
    description: The firmware.
    type: dict
    suboptions:
      type:
        description:
        - V(efi) lets libvirt choose among the host's UEFI images; V(bios) is the machine's own.
        - The variables of UEFI are a file that stays until the guest is removed.
        type: str
        choices:
        - bios
        - efi
      secure_boot:
        description: Whether an image with Secure Boot is chosen.
        type: bool
      enrolled_keys:
        description: Whether its variables have the usual keys.
        type: bool
      loader:
        description: Path of an image, in place of a choice.
        type: str
      loader_type:
        description: How it is loaded.
        type: str
        choices:
        - rom
        - pflash
      loader_readonly:
        description: Whether the guest can only read it.
        type: bool
      loader_secure:
        description: Whether it needs System Management Mode.
        type: bool
      nvram:
        description: Path of the guest's variables.
        type: str
      nvram_template:
        description: File from which they are made first.
        type: str
  boot:
    description: From what the guest starts.
    type: dict
    suboptions:
      devices:
        description: Kinds of devices in their order; the C(boot) of single disks and NICs is the other way to say
          it.
        type: list
        elements: str
        choices:
        - hd
        - cdrom
        - network
        - fd
      menu:
        description: Whether the firmware shows a menu.
        type: bool
      menu_timeout:
        description: For how many milliseconds.
        type: int
      reboot_timeout:
        description: After how many milliseconds it tries again; -1 is never.
        type: int
      serial_console:
        description: Whether the BIOS writes to the serial console.
        type: bool
  kernel:
    description: Path of a kernel on the host to start directly. An empty text is none; so it is for the next three.
    type: str
  initrd:
    description: Path of its initial RAM disk.
    type: str
  cmdline:
    description: Its command line.
    type: str
  dtb:
    description: Path of a device tree.
    type: str
  smbios:
    description: What the guest reads about its hardware.
    type: dict
    suboptions:
      mode:
        description: Where it comes from; V(sysinfo) is what stands in the options below.
        type: str
        choices:
        - emulate
        - host
        - sysinfo
      bios:
        description: Entries such as C(vendor) and C(version).
        type: dict
      system:
        description: Entries such as C(manufacturer), C(product) and C(serial).
        type: dict
      base_board:
        description: Entries such as C(manufacturer) and C(serial).
        type: dict
      chassis:
        description: Entries such as C(manufacturer) and C(asset).
        type: dict
  fw_cfg:
    description: What the guest's firmware device hands to it, such as a config for Ignition; needs libvirt 6.5.
    type: list
    elements: dict
    suboptions:
      name:
        description: Its name. Ignition reads C(opt/com.coreos/config), Flatcar C(opt/org.flatcar-linux/config).
        type: str
        required: true
      value:
        description: What it says, as text; it stands in the guest's XML, so nothing secret.
        type: str
      file:
        description: Path of a file on the host with what it says, such as the C(path) of a volume; read at every
          start.
        type: str
  features:
    description: Features of the machine.
    type: dict
    suboptions:
      acpi:
        description: Whether it has ACPI, with a power button; a new guest on x86 has.
        type: bool
      apic:
        description: Whether it has an APIC; a new guest on x86 has.
        type: bool
      pae:
        description: Whether it has PAE.
        type: bool
      smm:
        description: Whether it has System Management Mode.
        type: bool
      vmport:
        description: Whether it has VMware's I/O port.
        type: bool
      ioapic:
        description: Who emulates the I/O APIC.
        type: str
        choices:
        - kvm
        - qemu
      kvm_hidden:
        description: Whether the guest cannot see that it is one.
        type: bool
  launch_security:
    description: Encryption of the guest's memory. C({}) is none.
    type: dict
    suboptions:
      type:
        description: Whose.
        type: str
        choices:
        - sev
        - sev-snp
        - s390-pv
        - tdx
      policy:
        description: Policy, as a hexadecimal number.
        type: str
      cbitpos:
        description: Position of the C-bit.
        type: int
      reduced_phys_bits:
        description: By how many bits the address space is smaller.
        type: int
      dh_cert:
        description: The guest owner's Diffie-Hellman key, in base64.
        type: str
      session:
        description: The guest owner's session blob, in base64.
        type: str
  clock:
    description: The guest's clock.
    type: dict
    suboptions:
      offset:
        description: What it starts with.
        type: str
        choices:
        - utc
        - localtime
        - timezone
        - variable
        - absolute
      timezone:
        description: Name of the time zone, for V(timezone).
        type: str
      basis:
        description: From what V(variable) counts.
        type: str
        choices:
        - utc
        - localtime
      adjustment:
        description: By how many seconds V(variable) differs; libvirt notes the guest's own changes there.
        type: str
      start:
        description: Seconds of the epoch, for V(absolute).
        type: str
      timers:
        description: Its timers.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the timer, such as V(rtc) or V(hpet).
            type: str
            required: true
          present:
            description: Whether the guest has it.
            type: bool
          tickpolicy:
            description: What becomes of ticks that were missed.
            type: str
            choices:
            - delay
            - catchup
            - merge
            - discard
          track:
            description: What it follows.
            type: str
            choices:
            - boot
            - guest
            - wall
            - realtime
  on_poweroff:
    description: What libvirt does when the guest switches itself off.
    type: str
    choices:
    - destroy
    - restart
  on_reboot:
    description: What it does when the guest restarts.
    type: str
    choices:
    - destroy
    - restart
  on_crash:
    description: What it does when the guest crashes.
    type: str
    choices:
    - destroy
    - restart
    - preserve
    - coredump-destroy
    - coredump-restart
"""

    DISKS = r"""
options:
  disks:
    description:
    - All disks of the guest.
    - A disk that writes into an overlay of the file or volume that is named here is still that disk and stays where
      it is, whoever made the overlay (M(virtops.libvirt.snapshot), virsh, what backs guests up), as all that was
      written since is in it alone. So is a linked clone that the guest has by its path in place of what it is a
      clone of.
    - To give up what was written, let the guest go back with M(virtops.libvirt.snapshot); where no snapshot is
      known, run a task whose list leaves the disk out, and then one that names it.
    type: list
    elements: dict
    suboptions:
      target:
        description: Name of the disk, such as V(vda), which tells one from another. V(vd) stands for VirtIO, V(sd)
          for SCSI.
        type: str
        required: true
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      bus:
        description: Bus that it hangs on; known from O(disks[].target) where it is not given.
        type: str
        choices:
        - virtio
        - scsi
        - sata
        - usb
        - ide
        - fdc
      device:
        description: What the guest sees; a disk where it is not given.
        type: str
        choices:
        - disk
        - cdrom
        - floppy
        - lun
      pool:
        description: Pool of O(disks[].volume).
        type: str
      volume:
        description: Volume of that pool.
        type: str
      file:
        description: Path of an image file, in place of a volume.
        type: str
      block:
        description: Path of a block device, in place of a volume.
        type: str
      network:
        description: A disk that a server has, in place of a volume.
        type: dict
        suboptions:
          protocol:
            description: Protocol of the server.
            type: str
            choices:
            - nbd
            - iscsi
            - rbd
            - gluster
            - http
            - https
            - ssh
          name:
            description: What the server calls it.
            type: str
          hosts:
            description: Where the server is.
            type: list
            elements: dict
            suboptions:
              name:
                description: Its name or address.
                type: str
              port:
                description: Its port.
                type: int
              transport:
                description: How it is reached.
                type: str
                choices:
                - tcp
                - rdma
                - unix
              socket:
                description: Path of its socket, for V(unix).
                type: str
      format:
        description: Format of the image. A new disk on a volume has the volume's.
        type: str
      cache:
        description: Caching on the host.
        type: str
        choices:
        - default
        - none
        - writethrough
        - writeback
        - directsync
        - unsafe
      io:
        description: How QEMU reads and writes it.
        type: str
        choices:
        - native
        - threads
        - io_uring
      discard:
        description: What becomes of the guest's discards.
        type: str
        choices:
        - ignore
        - unmap
      detect_zeroes:
        description: What becomes of zeroes that the guest writes.
        type: str
        choices:
        - 'off'
        - 'on'
        - unmap
      queues:
        description: Number of queues.
        type: int
      iothread:
        description: Number of the I/O thread that it is given to.
        type: int
      readonly:
        description: Whether the guest may only read it.
        type: bool
      shareable:
        description: Whether several guests may write into it at the same time. Without it none is started with
          a disk that another guest, which runs, writes into.
        type: bool
      serial:
        description: Serial number that the guest sees.
        type: str
      wwn:
        description: World wide name that the guest sees.
        type: str
      iotune:
        description: Limits; 0 is none.
        type: dict
        suboptions:
          total_bytes_sec:
            description: Bytes a second, both ways together.
            type: int
          read_bytes_sec:
            description: Bytes a second that are read.
            type: int
          write_bytes_sec:
            description: Bytes a second that are written.
            type: int
          total_iops_sec:
            description: Requests a second, both ways together.
            type: int
          read_iops_sec:
            description: Requests to read a second.
            type: int
          write_iops_sec:
            description: Requests to write a second.
            type: int
          total_bytes_sec_max:
            description: Bytes a second in a burst, both ways together.
            type: int
          read_bytes_sec_max:
            description: Bytes a second that are read in a burst.
            type: int
          write_bytes_sec_max:
            description: Bytes a second that are written in a burst.
            type: int
          total_iops_sec_max:
            description: Requests a second in a burst, both ways together.
            type: int
          read_iops_sec_max:
            description: Requests to read a second in a burst.
            type: int
          write_iops_sec_max:
            description: Requests to write a second in a burst.
            type: int
          size_iops_sec:
            description: Size of a request, in bytes; a greater one counts as several.
            type: int
      boot:
        description: Place in the boot order, from 1.
        type: int
  filesystems:
    description: All directories of the host that the guest can mount.
    type: list
    elements: dict
    suboptions:
      target:
        description: Name by which the guest mounts it, which tells one from another.
        type: str
        required: true
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      source:
        description: Path of the directory on the host.
        type: str
      driver:
        description: V(virtiofs), which needs O(memory_backing.access=shared), or 9p, which is V(path).
        type: str
        choices:
        - virtiofs
        - path
      accessmode:
        description: Whose files they are.
        type: str
        choices:
        - passthrough
        - mapped
        - squash
      readonly:
        description: Whether the guest may only read it.
        type: bool
      queue:
        description: Size of the queue of virtiofs.
        type: int
      cache:
        description: Caching of virtiofs.
        type: str
        choices:
        - none
        - always
      xattr:
        description: Whether virtiofs has extended attributes.
        type: bool
"""

    INTERFACES = r"""
options:
  interfaces:
    description: All NICs of the guest.
    type: list
    elements: dict
    suboptions:
      mac:
        description:
        - MAC address, which tells one from another. A new NIC without it gets one that is derived from the names
          of the guest and of the NIC (its alias, or its number), so that it is known before the guest is there.
        type: str
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      type:
        description: What it is connected to, where no option below says it; V(user) is QEMU's own NAT.
        type: str
        choices:
        - network
        - bridge
        - direct
        - user
        - ethernet
        - hostdev
      network:
        description: Network that it is connected to.
        type: str
      portgroup:
        description: Port group of that network.
        type: str
      bridge:
        description: Bridge of the host, in place of a network.
        type: str
      direct:
        description: A macvtap device on a NIC of the host, in place of a network.
        type: dict
        suboptions:
          dev:
            description: NIC of the host.
            type: str
            required: true
          mode:
            description: Mode of macvtap.
            type: str
            choices:
            - vepa
            - bridge
            - private
            - passthrough
      virtualport:
        description: Port of a switch such as Open vSwitch. C({}) is none.
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
      vlan:
        description: VLANs, where the switch below knows them. C({}) is none.
        type: dict
        suboptions:
          trunk:
            description: Whether frames keep their tags.
            type: bool
          tags:
            description: The VLANs.
            type: list
            elements: int
          native_tagged:
            description: The VLAN of frames without a tag; the guest's own of this VLAN go out with it.
            type: int
          native_untagged:
            description: The VLAN of frames without a tag; the guest's own of this VLAN go out without it.
            type: int
      bandwidth:
        description: Limits of what goes through it.
        type: dict
        suboptions:
          inbound:
            description: What the NIC receives. C({}) is no limit.
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
              floor:
                description: KiB a second that are guaranteed.
                type: int
          outbound:
            description: What the NIC sends. C({}) is no limit.
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
      filter:
        description: Network filter of libvirt (see M(virtops.libvirt.nwfilter)). C({}) is none.
        type: dict
        suboptions:
          name:
            description: Name of the filter.
            type: str
          parameters:
            description: Its variables, such as C(IP). One may have a list of values.
            type: dict
      model:
        description: Model of the NIC; a new one is V(virtio).
        type: str
      mtu:
        description: MTU in bytes.
        type: int
      queues:
        description: Number of queues.
        type: int
      link:
        description: State of its link.
        type: str
        choices:
        - up
        - down
      isolated:
        description: Whether it cannot reach other isolated NICs of the same bridge.
        type: bool
      trust_guest_rx_filters:
        description: Whether the guest may change what macvtap lets through.
        type: bool
      target:
        description: Name of its device on the host; libvirt chooses one at each start.
        type: str
      acpi_index:
        description: Number from which the guest may name it.
        type: int
      rom:
        description: Whether it has a boot ROM.
        type: bool
      guest_csum:
        description: Whether the guest may leave checksums out.
        type: bool
      boot:
        description: Place in the boot order, from 1.
        type: int
"""

    DEVICES = r"""
options:
  graphics:
    description: All graphical consoles.
    type: list
    elements: dict
    suboptions:
      type:
        description: Protocol, which tells one from another.
        type: str
        choices:
        - vnc
        - spice
        - egl-headless
        - dbus
        required: true
      port:
        description: Port, -1 for one that libvirt chooses at each start.
        type: int
      autoport:
        description: Whether libvirt chooses the port.
        type: bool
      listen:
        description: Address to listen on.
        type: str
      password:
        description:
        - Password. Only a connection that may write tells it, so that check mode cannot compare it and says so
          in RV(unchecked).
        type: str
      keymap:
        description: Keyboard layout.
        type: str
      gl:
        description: Whether it has OpenGL.
        type: bool
  videos:
    description: All graphics adapters.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      model:
        description: Model, such as V(virtio), V(qxl), V(vga), V(none).
        type: str
        required: true
      heads:
        description: Number of screens.
        type: int
      vram:
        description: Video memory in KiB.
        type: int
      primary:
        description: Whether it is the first one.
        type: bool
      accel3d:
        description: Whether it has 3D acceleration.
        type: bool
  channels:
    description: All virtio-serial channels. A new guest without this option has one for the guest agent.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name by which the guest knows it, which tells one from another.
        type: str
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      type:
        description: What it is on the host.
        type: str
        choices:
        - pty
        - file
        - unix
        - 'null'
        - stdio
        - vc
        - pipe
        - tcp
        - udp
        - spicevmc
        - spiceport
        - dbus
      path:
        description: Path of the file or socket, for the types that have one.
        type: str
      log_file:
        description: File that gets all that is written to it.
        type: str
      log_append:
        description: Whether that file is kept at a start.
        type: bool
  serials:
    description: All serial ports.
    type: list
    elements: dict
    suboptions:
      port:
        description: Number of the port, which tells one from another.
        type: int
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      type:
        description: What it is on the host.
        type: str
        choices:
        - pty
        - file
        - unix
        - 'null'
        - stdio
        - vc
        - pipe
        - tcp
        - udp
        - spicevmc
        - spiceport
        - dbus
      path:
        description: Path of the file or socket, for the types that have one.
        type: str
      log_file:
        description: File that gets all that is written to it.
        type: str
      log_append:
        description: Whether that file is kept at a start.
        type: bool
  consoles:
    description: All VirtIO consoles. The console that most machines have is their first serial port.
    type: list
    elements: dict
    suboptions:
      port:
        description: Number of the port, which tells one from another.
        type: int
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      type:
        description: What it is on the host.
        type: str
        choices:
        - pty
        - file
        - unix
        - 'null'
        - stdio
        - vc
        - pipe
        - tcp
        - udp
        - spicevmc
        - spiceport
        - dbus
      path:
        description: Path of the file or socket, for the types that have one.
        type: str
      log_file:
        description: File that gets all that is written to it.
        type: str
      log_append:
        description: Whether that file is kept at a start.
        type: bool
  hostdevs:
    description: All devices of the host that the guest has as its own.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      type:
        description: Kind of the device.
        type: str
        choices:
        - pci
        - usb
        - mdev
        required: true
      managed:
        description: Whether libvirt takes it from the host's driver and gives it back.
        type: bool
      address:
        description: Address of a PCI device, such as V(0000:06:00.0).
        type: str
      vendor:
        description: Vendor of a USB device, such as V(0x1d6b).
        type: str
      product:
        description: Product of a USB device.
        type: str
      uuid:
        description: UUID of a mediated device.
        type: str
      model:
        description: Model of a mediated device, such as V(vfio-pci).
        type: str
      boot:
        description: Place in the boot order, from 1.
        type: int
  rngs:
    description: All random number generators. A new guest without this option has one.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      model:
        description: Its model.
        type: str
        choices:
        - virtio
        - virtio-transitional
        - virtio-non-transitional
      backend:
        description: Where the numbers come from.
        type: str
        choices:
        - random
        - builtin
      source:
        description: Device of the host for V(random).
        type: str
      rate_bytes:
        description: How many bytes the guest gets in a period.
        type: int
      rate_period:
        description: The period in milliseconds.
        type: int
  watchdogs:
    description: All watchdogs beside the one that every q35 machine has.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      model:
        description: Its model.
        type: str
        choices:
        - i6300esb
        - ib700
        - diag288
        required: true
      action:
        description: What it does to a guest that hangs.
        type: str
        choices:
        - reset
        - shutdown
        - poweroff
        - pause
        - none
        - dump
        - inject-nmi
  sounds:
    description: All sound cards.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      model:
        description: Its model, such as V(ich9).
        type: str
        required: true
  inputs:
    description: All input devices beside the mouse and keyboard that every PC has.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      type:
        description: What it is.
        type: str
        choices:
        - mouse
        - tablet
        - keyboard
        - passthrough
        - evdev
        required: true
      bus:
        description: Bus that it hangs on.
        type: str
        choices:
        - usb
        - virtio
      source:
        description: Device of the host, for V(passthrough) and V(evdev).
        type: str
  panics:
    description: All devices by which the guest tells that it crashed.
    type: list
    elements: dict
    suboptions:
      alias:
        description: A name of your own, beginning with C(ua-), which tells one from another.
        type: str
      model:
        description: Its model.
        type: str
        choices:
        - isa
        - pvpanic
        - hyperv
        - pseries
        - s390
  vsock:
    description: Socket between host and guest. C({}) is none.
    type: dict
    suboptions:
      model:
        description: Its model.
        type: str
        choices:
        - virtio
        - virtio-transitional
        - virtio-non-transitional
      auto:
        description: Whether libvirt chooses O(vsock.cid) at each start.
        type: bool
      cid:
        description: Number of the guest, from 3.
        type: int
  iommu:
    description: IOMMU of the guest. C({}) is none.
    type: dict
    suboptions:
      model:
        description: Its model.
        type: str
        choices:
        - intel
        - smmuv3
        - virtio
      intremap:
        description: Whether it remaps interrupts.
        type: bool
      caching_mode:
        description: Whether it tells of every change of a mapping.
        type: bool
      iotlb:
        description: Whether it has a translation cache for devices.
        type: bool
  tpm:
    description: TPM of the guest; its state stays until the guest is removed. C({}) is none.
    type: dict
    suboptions:
      model:
        description: Its model.
        type: str
        choices:
        - tpm-tis
        - tpm-crb
        - tpm-spapr
      type:
        description: Who does the work; an emulator where it is not given.
        type: str
        choices:
        - emulator
        - passthrough
        - external
      version:
        description: Version of the standard.
        type: str
        choices:
        - '1.2'
        - '2.0'
      persistent_state:
        description: Whether the state also stays when the guest is removed.
        type: bool
      device:
        description: Device of the host, for V(passthrough).
        type: str
"""
