# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of bad input, read by test_bad_input.py: (options, words of the message...)."""

from __future__ import annotations

P = "/var/lib/libvirt/images/new"
BAD_NAMES = ("a/b", "..", ".", "", " ", "a\nb", "/etc/passwd", "../../etc/passwd", "a\x01b")


def pool_xml(name="new", inside=f"<target><path>{P}</path></target>", kind="dir"):
    return f"<pool type='{kind}'><name>{name}</name>{inside}</pool>"


def source(kind, *, path=None, state="present", build="never", permissions=None, **about):
    """A new pool of a kind, with what is said about its source."""
    more = {"path": path, "permissions": permissions}
    given = {key: value for key, value in more.items() if value is not None}
    return {"name": "new", "type": kind, "state": state, "build": build, "source": about, **given}


def auth(**secret):
    return {"type": "chap", "username": "lab", "secret": secret}


HOST, DISK, IQN = {"name": "a.test"}, {"path": "/dev/none"}, {"path": "iqn.2026-01.test.lab:disks"}
CEPH = """<source><name>a</name><host name='a.test'/>
<auth type='ceph' username='a'><secret uuid='garbage'/></auth></source>"""
POOL = [
    *(({"name": name, "path": P}, "name") for name in BAD_NAMES),
    ({"path": P}, "pool", "no name"),
    ({"name": "new"}, "pool new", "give 'path'"),
    ({"name": "new", "path": "relative"}, "pool new", "absolute"),
    ({"name": "new", "path": "/var/lib/../etc"}, "pool new", "'..'"),
    ({"name": "new", "path": "/etc/passwd"}, "/etc/passwd is there and no directory"),
    ({"name": "new", "path": "/etc/passwd/a/b", "state": "active"}, "/etc/passwd is there and no directory"),
    ({"name": "new", "path": P, "permissions": {"mode": "rwx"}}, "permissions.mode", "octal"),
    ({"name": "new", "path": P, "permissions": {"owner": -2}}, "permissions.owner", "less than"),
    ({"name": "new", "path": P, "uuid": "x"}, "uuid", "not a UUID"),
    ({"name": "new", "path": P, "type": "folder"}, "type", "dir"),
    ({"name": "images", "type": "fs"}, "pool images", "type is dir and cannot be changed to fs"),
    ({"name": "images", "uuid": "0" * 32}, "pool images", "uuid", "cannot be changed"),
    ({"name": "other", "xml": pool_xml()}, "pool other", "<name>new</name>"),
    ({"xml": pool_xml(inside=f"<target><pth>{P}</pth></target>")}, "pool new", "pth"),
    ({"xml": pool_xml(inside="<target/>")}, "pool new", "path"),
    ({"xml": pool_xml()[:-3]}, "pool xml", "not well-formed"),
    ({"xml": "<!DOCTYPE pool [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + pool_xml("&x;")}, "DOCTYPE"),
    ({"xml": "<network><name>new</name></network>"}, "<network>", "<pool> is needed"),
    ({"xml": pool_xml(kind="folder")}, "pool new", "folder"),
    ({"name": "new", "path": P, "permissions": {"mode": "01777"}}, "permissions.mode", "0777"),
    ({"name": "new", "path": P, "source": {"name": "x"}}, "pool new", "type dir has no 'source.name'"),
    ({"name": "new", "path": P, "mount_options": ["ro"]}, "type dir has no 'mount_options'"),
    ({"name": "new", "path": P, "build": "missing"}, "pool new", "take 'build' out"),
    (source("fs", path=P), "needs its devices", "'source.devices'"),
    (source("fs", devices=[DISK]), "needs its directory", "'path'"),
    (source("fs", path=P, devices=[DISK, {"path": "/dev/b"}]), "one only", "'source.devices'"),
    (source("fs", path=P, devices=[DISK, DISK]), "/dev/none is given twice"),
    (source("fs", path=P, devices=[DISK], format="nfs"), "source.format nfs", "xfs"),
    (source("fs", path=P, devices=[DISK], format="qcow2"), "format", "ext4"),
    (source("fs", path=P, devices=[DISK], permissions={"mode": "0700"}), "type fs has no 'permissions'"),
    (source("fs", path=P, devices=[{}]), "path"),
    (source("netfs", path=P), "needs its hosts"),
    (source("netfs", path=P, hosts=[HOST]), "needs its dir"),
    (source("netfs", path=P, hosts=[HOST], dir="relative"), "source.dir 'relative' must be absolute"),
    (source("netfs", path="relative", hosts=[HOST], dir="/x"), "absolute"),
    (source("netfs", path=P, hosts=[HOST, {"name": "b.test"}], dir="/x"), "one only"),
    (source("netfs", path=P, hosts=[HOST], dir="/x", format="cifs", protocol_version="3"), "pool new", "protocol"),
    (source("netfs", path=P, hosts=[{"name": "a.test", "port": 0}], dir="/x"), "less than 1"),
    (source("logical", path="/dev/other"), "cannot choose 'path'", "/dev/new"),
    (source("logical", state="active"), "no volume group new", "'build: missing'"),
    (source("logical", build="missing"), "give 'source.devices'"),
    (source("logical", devices=[DISK], build="missing"), "no device /dev/none"),
    (source("disk", path="/dev"), "needs its devices"),
    (source("disk", path="/dev", devices=[DISK], state="active"), "no device /dev/none"),
    (source("iscsi", path=P, devices=[DISK]), "needs its hosts"),
    (source("iscsi", path=P, hosts=[HOST]), "needs its devices"),
    (source("iscsi-direct", hosts=[HOST], devices=[IQN]), "needs its initiator"),
    (source("iscsi-direct", hosts=[HOST], devices=[DISK], initiator="x"), "pool new", "/dev/none"),
    (source("iscsi-direct", path=P, hosts=[HOST], devices=[IQN], initiator="x"), "cannot choose 'path'", "it has none"),
    (source("iscsi", path=P, hosts=[HOST], devices=[IQN], auth=auth()), "one of 'usage' and 'uuid'"),
    (source("iscsi", path=P, hosts=[HOST], devices=[IQN], auth=auth(usage="a", uuid="0" * 32)), "one of 'usage'"),
    (source("iscsi", path=P, hosts=[HOST], devices=[IQN], auth=auth(usage="none")), "no secret", "usage none"),
    (source("iscsi", path=P, hosts=[HOST], devices=[IQN], auth=auth(uuid="0" * 32)), "no secret with the UUID"),
    (source("iscsi", path=P, hosts=[HOST], devices=[IQN], auth=auth(uuid="x")), "uuid", "not a UUID"),
    (source("iscsi", path=P, hosts=[HOST], devices=[IQN], auth={"type": "chap"}), "auth", "'username' and 'secret'"),
    (source("scsi", path=P), "needs its adapter"),
    (source("scsi", path=P, adapter={"type": "scsi_host"}), "one of 'name' and 'address'"),
    (source("scsi", path=P, adapter={"type": "fc_host", "wwnn": "20000000c9831b4b"}), "'wwpn' and 'wwnn'"),
    (source("scsi", path=P, adapter={"type": "fc_host", "wwnn": "x", "wwpn": "y"}), "adapter.wwnn", "16 hexadecimal"),
    (source("mpath", name="x", path=P), "type mpath has no 'source.name'"),
    (source("rbd"), "needs its hosts"),
    (source("gluster"), "needs its hosts"),
    (source("gluster", hosts=[HOST], auth=auth(usage="a")), "type gluster has no 'source.auth'"),
    (source("zfs", hosts=[HOST]), "type zfs has no 'source.hosts'"),
    (source("vstorage"), "pool new", "'path'"),
    (source("vstorage", path=P), "no pools of type vstorage"),
    ({"name": "images", "state": "absent", "remove_target": True}, "pool images", "is not empty"),
    ({"xml": pool_xml(kind="fs")}, "pool new", "source"),
    ({"xml": pool_xml(kind="rbd", inside=CEPH)}, "source.auth.secret.uuid", "not a UUID"),
    ({"xml": pool_xml(kind="netfs", inside="<source><dir path='/x'/></source>")}, "pool new"),
    # Another pool has this directory already: the same files would have two names.
    ({"name": "new", "path": "/var/lib/libvirt/images/images"}, "pool new", "images"),
]


def volume_xml(inside="<capacity unit='MiB'>1</capacity>", name="new"):
    return f"<volume><name>{name}</name>{inside}</volume>"


def volume(**options):
    return {"pool": "images", "name": "new", **options}


VOLUME = [
    *((volume(name=name, capacity="1 MiB"), "name") for name in BAD_NAMES),
    (volume(capacity="10"), "capacity", "no unit", "'10 MiB'"),
    (volume(capacity="10 potatoes"), "capacity", "unknown unit"),
    (volume(capacity="-1 MiB"), "capacity", "not a size"),
    (volume(capacity="much"), "capacity", "not a size"),
    (volume(), "volume images/new", "needs a size"),
    (volume(pool="none", capacity="1 MiB"), "there is no pool none", "virtops.libvirt.pool"),
    (volume(pool="off", capacity="1 MiB"), "pool off is not active", "'state: active'"),
    (volume(capacity="1 MiB", format="qcow9"), "format", "qcow2"),
    (volume(backing={"volume": "none"}), "backing volume images/none is not there"),
    (volume(backing={"volume": "base.qcow2", "pool": "none"}), "no pool none"),
    (volume(backing={"volume": "base.qcow2"}, capacity="4 MiB"), "capacity 4 MiB is too small", "8 MiB"),
    (volume(backing={}), "volume images/new"),
    (volume(backing={"path": "/x"}), "the format of its base /x is not known", "'backing.format'"),
    (
        volume(capacity="1 MiB", format="qcow2", compat="0.10", features={"lazy_refcounts": True}),
        "an image of compat 0.10 has no features",
    ),
    (
        volume(capacity="1 MiB", encryption={"format": "luks", "secret": {"usage": "none"}}),
        "there is no secret of type volume with the usage none",
    ),
    (volume(capacity="1 MiB", format="qcow2", cluster_size="100 KiB"), "cluster_size 100 KiB is none of the powers"),
    (volume(capacity="900 TiB", allocation="900 TiB"), "no room for 900 TiB that are to be allocated"),
    (volume(source={"url": "file:///etc/passwd"}), "is no URL of http or https"),
    (volume(backing={"path": "/none.img", "format": "raw"}), "/none.img"),
    (volume(backing={"volume": "base.qcow2"}, format="raw"), "volume images/new", "raw"),
    (volume(source={"path": "/none.img"}), "/none.img is not a file"),
    (volume(source={"path": "IMAGE"}, capacity="4 MiB"), "capacity 4 MiB is too small", "8 MiB"),
    (volume(source={"path": "IMAGE", "checksum": "sha256:" + "0" * 64}), "checksum"),
    (volume(source={"path": "IMAGE", "checksum": "SHA256"}), "'sha256:HEX'"),
    (volume(source={"path": "IMAGE", "checksum": "rot13:SHA256"}), "'sha256:HEX'"),
    (volume(source={"path": "IMAGE", "format": "qcow9"}), "qcow9"),
    (volume(source={"path": "IMAGE"}, format="iso"), "iso"),
    (volume(source={"path": "IMAGE"}, backing={"volume": "base.qcow2"}), "source", "backing"),
    (volume(source={}), "volume images/new"),
    (volume(source={"path": "IMAGE", "url": "http://127.0.0.1:1/x"}), "'path' and 'url'", "give one"),
    (volume(source={"path": "IMAGE", "uri": "qemu:///system"}), "source.uri", "'volume'"),
    (volume(source={"path": "IMAGE", "remote_src": False}), "remote_src", "on this host"),
    (volume(source={"url": "http://127.0.0.1:1/x", "retries": 0}), "cannot be reached"),
    (volume(source={"volume": "none"}), "volume images/none, is not there"),
    (volume(source={"volume": "base.qcow2", "uri": "qemu+unix:///none", "retries": 0}), "not to be had"),
    (volume(source={"path": "IMAGE"}, allocation="1 MiB"), "'allocation'", "'source'"),
    (volume(capacity="1 MiB", preallocation="metadata"), "preallocation", "falloc"),
    (volume(format="qcow2", preallocation="falloc", backing={"volume": "base.qcow2"}), "take 'preallocation' out"),
    (volume(capacity="1 MiB", compat="1.1"), "'compat'", "qcow2"),
    (volume(capacity="1 MiB", format="qcow2", compat="2.0"), "compat", "0.10, 1.1"),
    (volume(capacity="1 MiB", permissions={"mode": "4755"}), "a volume has no special bits"),
    (volume(backing={"path": "base.qcow2", "format": "qcow2"}), "backing.path base.qcow2 is not absolute"),
    (volume(name="n" * 241, source={"path": "IMAGE"}), "give one of 240 bytes at most"),
    (volume(capacity="1 MiB", format="luks"), "libvirt calls an encrypted image raw"),
    (volume(capacity="1 MiB", allocation="2 MiB"), "allocation 2 MiB is more than its capacity 1 MiB"),
    (volume(capacity="0 B", format="qcow2"), "an image of format qcow2 has a size"),
    (
        volume(capacity="1 MiB", format="qcow2", cluster_size="4 KiB", features={"extended_l2": True}),
        "extended_l2 needs a cluster_size of 16 KiB",
    ),
    (volume(capacity="1 MiB", permissions={"mode": "rwx"}), "permissions.mode", "octal"),
    (volume(capacity="1 MiB", encryption={"format": "luks"}), "one 'secret'"),
    (volume(name="base.qcow2", state="absent"), "the base of images/clone.qcow2", "force"),
    (volume(name="image.raw", state="absent", wipe="much"), "no algorithm 'much'"),
    (volume(source={"path": "IMAGE"}, cloud_init={}), "'source' and 'cloud_init'"),
    (volume(cloud_init={"user_data": {}}, format="qcow2"), "a seed has", "format"),
    *(
        (volume(cloud_init={option: value}), "volume images/new", option, *words)
        for option, value, *words in (
            ("user_data", "packages: [vim]", "begin it with '#cloud-config'", "mapping"),
            ("user_data", "# cloud-config\n---\n'packages': [vim]", "begin it with '#cloud-config'"),
            ("vendor_data", "just words", "'#!'", "'validate: false'"),
            ("user_data", "## template: jinja\npackages: [vim]", "begin it with '#cloud-config'"),
            ("user_data", "#cloud-config\npackages: [vim", "no YAML", "line 2"),
            ("user_data", "#cloud-config\n- packages", "no mapping but of type list"),
            ("user_data", "#cloud-config-archive\na: b", "no list but of type dict"),
            ("user_data", ["packages"], "of type list", "mapping"),
            ("vendor_data", 7, "of type int", "mapping"),
            ("meta_data", "just words", "no mapping but of type str"),
            ("meta_data", ["instance-id"], "of type list"),
            ("network_config", {"ethernets": {}}, "'version: 2'", "'version: 1'"),
            ("network_config", {"version": 3}, "'version: 2'"),
            ("network_config", "ethernets: {}", "'version: 2'"),
            ("network_config", {"version": 1, "ethernets": {}}, "no list 'config'"),
            ("network_config", "version: [", "no YAML"),
            ("network_config", "network: 1", "no version"),
        )
    ),
    *(
        (volume(ignition=value), "volume images/new", *words)
        for value, *words in (
            ("variant: fcos\nversion: 1.5.0", "no JSON", "butane"),
            ('{"ignition": {"version": "3.4.0"}', "no JSON", "line 1, column 34"),
            ({"variant": "fcos", "version": "1.5.0"}, "translate the Butane config"),
            ({}, "no ignition.version"),
            ("[]", "no ignition.version"),
            ({"ignition": "3.4.0"}, "no ignition.version"),
            ({"ignition": {"version": 3.4}}, "no ignition.version", "'3.4.0'"),
            ({"ignition": {"version": "1.0"}}, "no ignition.version", "'3.4.0'"),
        )
    ),
    (volume(ignition={"ignition": {"version": "3.4.0"}}, cloud_init={}), "'cloud_init' and 'ignition'"),
    (volume(ignition={"ignition": {"version": "3.4.0"}}, capacity="1 MiB"), "an Ignition config has a size"),
    (volume(ignition={"ignition": {"version": "3.4.0"}}, xml=volume_xml()), "do not go with 'xml'"),
    (volume(cloud_init={"instance_id": "name", "meta_data": {"instance-id": "x"}}), "meta_data has an instance-id"),
    (volume(cloud_init={"instance_id": "name", "meta_data": "instance-id: x"}), "meta_data has an instance-id"),
    (volume(cloud_init={"instance_id": "content", "meta_data": "a: x"}), "meta_data is text", "mapping"),
    (volume(xml=volume_xml(), source={"path": "IMAGE"}), "do not go with 'xml'"),
    (volume(name="base.qcow2", capacity="4 MiB"), "volume images/base.qcow2", "shrinking"),
    (volume(name="base.qcow2", format="raw"), "format is qcow2 and cannot be changed to raw"),
    (volume(name="clone.qcow2", backing={"volume": "image.raw"}), "backing", "cannot be changed"),
    (volume(name="image.raw", backing={"volume": "base.qcow2"}), "volume images/image.raw", "cannot be changed"),
    (volume(name="other", xml=volume_xml()), "<name>new</name>"),
    (volume(xml=volume_xml("<capcity>1</capcity>")), "capcity"),
    (volume(xml=volume_xml("<capacity unit='spoons'>1</capacity>")), "volume images/new", "capacity"),
    (volume(xml=volume_xml("")), "volume images/new", "<name>new</name>"),
    (volume(xml=volume_xml()[:-3]), "volume xml", "not well-formed"),
    (volume(xml="<!DOCTYPE v>" + volume_xml()), "DOCTYPE"),
    (volume(xml="<domain/>"), "<volume> is needed"),
]


def export(**options):
    return {"pool": "images", "name": "image.raw", "path": f"{P}.img", **options}


EXPORT = [
    *((export(path=path), "path", "absolute") for path in ("new.img", "/tmp/../new.img", "/tmp/", "/", "")),
    *((export(name=name), "name") for name in BAD_NAMES),
    (export(path="/tmp/none/new.img"), "export /tmp/none/new.img", "no directory /tmp/none"),
    (export(path="/dev/null"), "export /dev/null", "no plain file"),
    (export(path="/var/lib/libvirt/images/images/base.qcow2", replace=True), "is volume images/base.qcow2"),
    (export(name="none"), "volume images/none is not there", "virtops.libvirt.volume"),
    (export(pool="none"), "there is no pool none"),
    (export(pool="off"), "pool off is not active"),
    (export(format="iso"), "format", "qcow2"),
    (export(format="raw", compress=True), "'compress' is of the format qcow2"),
    (export(permissions={"mode": "rwx"}), "permissions.mode", "octal"),
    (export(permissions={"owner": -2}), "permissions.owner", "less than"),
]

MAC = "52:54:00:aa:03:09"


def domain(**options):
    return {"name": "new", "virt_type": "qemu", "memory": "16 MiB", **options}


def disk(**options):
    return domain(disks=[{"target": "vda", **options}])


def domain_xml(inside="", memory="<memory unit='MiB'>16</memory>", os="<os><type>hvm</type></os>"):
    return f"<domain type='qemu'><name>new</name>{memory}{os}{inside}</domain>"


DOMAIN = [
    (domain(fw_cfg=[{"name": "opt/a", "value": "x", "file": "/x"}]), "'value' and 'file' exclude each other"),
    (domain(fw_cfg=[{"name": "opt/a", "value": "x"}, {"name": "opt/a", "value": "y"}]), "opt/a", "given twice"),
    *((domain(name=name), "name") for name in BAD_NAMES),
    ({"name": "new", "virt_type": "qemu"}, "domain new", "needs 'memory'"),
    (domain(memory="16"), "memory", "no unit"),
    (domain(memory="0 MiB"), "memory"),
    (domain(vcpus=0), "vcpus", "less than 1"),
    (domain(vcpus=100000), "domain new", "100000"),
    (domain(title="two\nlines"), "title"),
    (domain(arch="pdp11"), "arch pdp11"),
    (domain(machine="pc-q35-99.9"), "machine pc-q35-99.9"),
    (domain(virt_type="xen"), "virt_type", "qemu"),
    (domain(interfaces=[{"network": "none"}]), "no network none", "virtops.libvirt.network"),
    (domain(interfaces=[{"model": "virtio"}]), "interfaces", "give 'network'"),
    (domain(interfaces=[{"network": "lab", "bridge": "virbr0"}]), "interfaces", "network", "bridge"),
    (domain(interfaces=[{"network": "lab", "mac": "52:54:00:AA:03:01"}]), "52:54:00:aa:03:01", "domain one"),
    (domain(interfaces=[{"network": "lab", "mac": MAC}] * 2), "mac " + MAC, "given twice"),
    (domain(interfaces=[{"network": "lab", "mac": "53:54:00:aa:03:01"}]), "multicast"),
    (disk(pool="images", volume="none"), "no volume", "none", "virtops.libvirt.volume"),
    (disk(pool="none", volume="none"), "no pool none"),
    (disk(pool="off", volume="none"), "pool off is not active"),
    (disk(pool="images"), "disks[vda]", "'pool' and 'volume'"),
    (disk(volume="base.qcow2"), "disks[vda]", "go together"),
    (disk(pool="images", volume="base.qcow2", file="/x"), "disks[0]", "'volume' and 'file'"),
    (disk(pool="images", volume="base.qcow2", format="qcow9"), "domain new", "qcow9"),
    (disk(), "disks[vda]"),
    (disk(file="relative.img", format="raw"), "domain new", "relative.img"),
    (disk(target="vda/1", file="/x", format="raw"), "domain new", "disks[vda/1]", "whole disk"),
    (domain(disks=[{"target": "vda", "file": "/x", "format": "raw"}] * 2), "target vda", "given twice"),
    (
        domain(disks=[{"target": f"vd{n}", "file": f"/{n}", "format": "raw", "boot": 1} for n in "ab"]),
        "boot",
        "1",
    ),
    ({"name": "two", "uuid": "0" * 32}, "uuid", "cannot be changed"),
    ({"name": "other", "xml": domain_xml()}, "<name>new</name>"),
    ({"xml": domain_xml(memory="<memroy unit='MiB'>16</memroy>")}, "domain new", "memroy"),
    ({"xml": domain_xml(memory="<memory unt='MiB'>16</memory>")}, "domain new", "unt"),
    ({"xml": domain_xml(memory="<memory unit='spoons'>16</memory>")}, "domain new", "spoons"),
    ({"xml": domain_xml(memory="")}, "domain new", "memory"),
    ({"xml": domain_xml(os="")}, "domain new", "os"),
    ({"xml": domain_xml("<devices><disc/></devices>")}, "domain new", "disc"),
    ({"xml": domain_xml("<devices><disk type='file'><target dev='vda' bus='rail'/></disk></devices>")}, "rail"),
    (
        {
            # libvirt keeps such a document, and would fail to start it.
            "xml": domain_xml("<devices><interface type='network'><source network='none'/></interface></devices>"),
            "state": "running",
        },
        "no network none",
    ),
    (
        {
            "xml": domain_xml(
                "<devices><disk type='volume'><source pool='none' volume='none'/><target dev='vda'/></disk></devices>"
            ),
            "state": "paused",
        },
        "no pool none",
    ),
    (
        {
            "xml": domain_xml(
                "<devices><interface type='network'><mac address='52:54:00:aa:03:01'/>"
                "<source network='lab'/></interface></devices>"
            )
        },
        "52:54:00:aa:03:01",
        "domain one",
    ),
    ({"xml": domain_xml().replace("type='qemu'", "type='abacus'")}, "domain new", "abacus"),
    ({"xml": domain_xml()[:-3]}, "domain xml", "not well-formed"),
    ({"xml": ""}, "domain", "no name"),
    ({"xml": "no xml"}, "domain xml", "not well-formed"),
    ({"xml": "<!DOCTYPE d [<!ENTITY a 'b'>]>" + domain_xml("<title>&a;</title>")}, "DOCTYPE"),
    ({"xml": domain_xml("<title>&undefined;</title>")}, "domain xml", "undefined"),
    ({"xml": "<domaine/>"}, "<domain> is needed"),
]

USAGE = {"type": "iscsi", "usage": "san"}
SECRET = [
    ({}, "nothing names it", "'usage'"),
    ({"usage": "san"}, "secret san", "give 'type'"),
    ({"type": "iscsi"}, "nothing names it"),
    ({"uuid": "x"}, "uuid", "not a UUID"),
    ({"uuid": "0" * 32, "type": "iscsi"}, "give 'usage'"),
    ({**USAGE, "value": ""}, "secret san", "empty"),
    ({**USAGE, "value": "%%%", "value_encoding": "base64"}, "secret san", "no base64"),
    ({"type": "volume", "usage": "relative"}, "secret relative", "absolute"),
    ({**USAGE, "type": "gpg"}, "type", "vtpm"),
    ({**USAGE, "description": "a\x01b"}, "description"),
    ({"xml": "<secret><usage type='iscsi'><target>a</target></usage><x/></secret>"}, "secret a", "<x>"),
    ({"xml": "<secret><usage type='iscsi'><name>a</name></usage></secret>"}, "nothing names it"),
    ({"xml": "<pool/>"}, "<secret> is needed"),
    ({"xml": "<!DOCTYPE s><secret/>"}, "DOCTYPE"),
]

# What Ansible itself refuses, from the argument spec.
UNKNOWN = [
    ("pool", {"name": "new", "pth": P}, "pth"),
    ("volume", {"name": "new"}, "pool"),
    ("network", {"name": "new", "state": "on"}, "state"),
    ("domain", {"name": "new", "disks": [{"file": "/x"}]}, "target"),
    ("domain", {"name": "new", "vcpus": "many"}, "vcpus"),
]
