# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of guests as people write them: valid, and each odd in its own way. None of them has a UUID."""

from __future__ import annotations

from integration._lab import wait_until

CONSOLE = "/var/log/libvirt/guest.log"

# Two NICs of one kind without MAC, controllers without index, devices that libvirt adds more to.
NICS = """
<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='network'/><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='qemu-xhci'/>
    <controller type='usb' model='ich9-ehci1'/>
    <controller type='scsi' model='virtio-scsi'/>
    <controller type='scsi' model='virtio-scsi'/>
    <interface type='network'><source network='lab'/></interface>
    <interface type='network'><source network='lab'/></interface>
    <interface type='network'><source network='lab'/><model type='e1000'/></interface>
    <interface type='user'/>
    <serial type='pty'/>
    <serial type='null'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <channel type='pty'><target type='virtio'/></channel>
    <channel type='pty'><target type='virtio'/></channel>
    <graphics type='vnc' port='-1'/>
    <video><model type='vga'/></video>
    <video><model type='virtio'/></video>
    <input type='tablet' bus='usb'/>
    <input type='keyboard' bus='virtio'/>
    <sound model='ich6'/>
    <sound model='ac97'/>
    <watchdog model='i6300esb'/>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <rng model='virtio'><rate bytes='1000'/><backend model='random'>/dev/urandom</backend></rng>
    <panic model='isa'/>
  </devices>
</domain>"""

# Sizes in other units, a CPU with features and NUMA, tuning, timers, comments and CDATA.
CPU = """<?xml version="1.0" encoding="utf-8"?>
<!-- of the machine room -->
<domain type="qemu">
  <name><![CDATA[guest]]></name>
  <title>A &lt;guest&gt; &amp; more</title>
  <description>With "quotes",
    two lines, and ümlauts.</description>
  <memory unit='GiB'>1</memory>
  <currentMemory unit='MiB'>512</currentMemory>
  <vcpu placement='static' cpuset='0-1' current='2'>4</vcpu>
  <iothreads>2</iothreads>
  <cputune>
    <shares>2048</shares>
    <vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' cpuset='1'/><emulatorpin cpuset='0-1'/>
  </cputune>
  <resource><partition>/machine</partition></resource>
  <os><type arch='x86_64' machine='q35'>hvm</type><bootmenu enable='yes' timeout='3000'/><smbios mode='sysinfo'/></os>
  <sysinfo type='fwcfg'><entry name='opt/a'>one</entry><entry name='opt/b' file='/etc/hosts'/></sysinfo>
  <sysinfo type='smbios'><system><entry name='serial'>abc</entry></system></sysinfo>
  <features><acpi/><apic/><vmport state='off'/><hyperv mode='custom'><relaxed state='on'/></hyperv></features>
  <cpu mode='custom' match='exact' check='partial'>
    <model fallback='allow'>Nehalem</model>
    <topology sockets='2' cores='2' threads='1'/>
    <feature policy='require' name='aes'/>
    <feature policy='disable' name='vme'/>
    <numa>
      <cell id='0' cpus='0-1' memory='524288'/>
      <cell id='1' cpus='2-3' memory='512' unit='MiB'/>
    </numa>
  </cpu>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/><timer name='pit' tickpolicy='delay'/><timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>preserve</on_crash>
  <pm><suspend-to-mem enabled='no'/></pm>
  <devices/>
</domain>"""

# Boot order by device, drives of all kinds, some of them empty.
DISKS = """
<domain type='qemu'>
  <name>guest</name>
  <memory>65536</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='cdrom'><target dev='hdc'/><readonly/></disk>
    <disk type='file'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap' iothread='1'/>
      <source file='/var/lib/libvirt/images/none.qcow2'/><target dev='vda' bus='virtio'/><boot order='2'/>
      <iotune><total_iops_sec>100</total_iops_sec></iotune>
    </disk>
    <disk type='file' device='floppy'><source file='/var/lib/libvirt/images/floppy.img'/><target dev='fda'/></disk>
    <disk type='block'><driver name='qemu' type='raw'/><source dev='/dev/null'/><target dev='sdb' bus='scsi'/></disk>
    <disk type='file'>
      <source file='/var/lib/libvirt/images/b.img'/><target dev='sda' bus='scsi'/><serial>b</serial>
    </disk>
    <disk type='network'>
      <driver name='qemu' type='raw'/>
      <source protocol='nbd' name='export'><host name='10.99.0.1' port='10809'/></source>
      <target dev='vdb'/>
    </disk>
    <interface type='network'><source network='lab'/><boot order='1'/><model type='virtio'/></interface>
    <filesystem type='mount'><source dir='/srv'/><target dir='share'/></filesystem>
    <filesystem type='mount'><source dir='/opt'/><target dir='other'/><readonly/></filesystem>
  </devices>
  <iothreads>1</iothreads>
</domain>"""

# Metadata of others, arguments for QEMU, devices that few have; children in an order of their own.
FOREIGN = """
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
    <mine xmlns="https://example.com/x"><owner>me</owner><owner>you</owner></mine>
  </metadata>
  <devices>
    <hub type='usb'/>
    <tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>
    <vsock model='virtio'><cid auto='yes'/></vsock>
    <shmem name='shared'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>
    <redirdev bus='usb' type='tcp'><source mode='connect' host='localhost' service='4000'/></redirdev>
    <memballoon model='none'/>
    <video><model type='none'/></video>
    <console type='pty'/>
    <console type='pty'><target type='virtio'/></console>
    <parallel type='null'/>
    <graphics type='vnc' autoport='yes' passwd='geheim'><listen type='address' address='127.0.0.1'/></graphics>
    <interface type='ethernet'><mac address='52:54:00:AB:CD:EF'/><target dev='tap7'/><model type='rtl8139'/></interface>
  </devices>
  <seclabel type='none'/>
  <vcpu>1</vcpu>
  <memory unit='b'>67108864</memory>
  <name>guest</name>
  <os><type machine='q35'>hvm</type></os>
  <qemu:commandline>
    <qemu:arg value='-global'/>
    <qemu:arg value='isa-debugcon.iobase=0x402'/>
    <qemu:env name='TMPDIR' value='/var/tmp'/>
  </qemu:commandline>
</domain>"""

FIRMWARE = """
<domain type='qemu'>
  <name>guest</name>
  <genid/>
  <memory unit='MiB'>64</memory>
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type>
    <firmware><feature enabled='no' name='secure-boot'/></firmware>
    <boot dev='hd'/>
  </os>
  <features><acpi/><apic/><smm state='on'/></features>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <devices>
    <controller type='pci' index='0' model='pcie-root'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <controller type='pci' model='pcie-root-port'/>
    <interface type='network'><source network='lab'/><model type='virtio'/></interface>
    <input type='mouse' bus='usb'/>
    <lease><lockspace>a</lockspace><key>b</key><target path='/var/tmp/lease'/></lease>
  </devices>
</domain>"""

ALL = {"nics": NICS, "cpu": CPU, "disks": DISKS, "foreign": FOREIGN, "firmware": FIRMWARE}


def tiny_guest(tiny, more: str = "", devices: str = "", machine: str = "q35") -> str:
    """A guest with a small system that hears its power button and gives devices up when it is asked."""
    return f"""<domain type='qemu'>
      <name>guest</name>
      <memory unit='MiB'>96</memory>
      <os>
        <type arch='x86_64' machine='{machine}'>hvm</type>
        <kernel>{tiny["vmlinuz"]}</kernel><initrd>{tiny["initrd.img"]}</initrd>
        <cmdline>console=ttyS0 quiet mitigations=off</cmdline>
      </os>
      <features><acpi/></features>
      <cpu mode='maximum'/>
      {more}
      <devices>{devices}<serial type='file'><source path='{CONSOLE}'/></serial></devices>
    </domain>"""


def console(lab) -> str:
    """What the tiny guest has printed since its start."""
    return (lab.host.directory / "log" / "guest.log").read_text(errors="replace")


def boot(lab) -> None:
    """Wait until the guest, which runs, hears its power button."""
    wait_until(lambda: "READY" in console(lab), 60, "the guest's boot", lambda: console(lab))
