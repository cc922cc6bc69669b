# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a domain for all devices that are neither disk nor NIC. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtops.libvirt.plugins.module_utils._field import ANYTHING, Field, Group, Items
from ansible_collections.virtops.libvirt.plugins.module_utils._place import ensure
from ansible_collections.virtops.libvirt.plugins.module_utils._values import (
    ALIAS,
    COUNT,
    NUMBER,
    ON_OFF,
    PCI_ADDRESS,
    UUID,
    YES_NO,
    YES_ONLY,
    Hex,
    Int,
)

PORT = "with a free PCIe port"
ALIASED = Field("alias", "alias/@name", ALIAS)


class _SourceAddress(Field):
    """A PCI device of the host."""

    def read(self, owner):
        element = owner.find("source/address") if owner.get("type") == "pci" else None
        return None if element is None else PCI_ADDRESS.of(element)

    def write(self, owner, canonical):
        ensure(owner, "source/address").attrib.update(PCI_ADDRESS.attributes(canonical))


def _set_defaults(**defaults):
    """A C(finish) that sets attributes which an element cannot do without."""

    def finish(element, _wanted):
        for place, value in defaults.items():
            owner, _sep, name = place.rpartition("__")
            target = ensure(element, owner)
            if not target.get(name):
                target.set(name, value)

    return finish


def _finish_character(**defaults):
    """The same for devices that carry characters: a socket is QEMU's own, unless somebody says that it is there."""
    set_defaults = _set_defaults(**defaults)

    def finish(element, wanted):
        set_defaults(element, wanted)
        source = element.find("source")
        if element.get("type") == "unix" and source is not None and source.get("path") and "mode" not in source.attrib:
            source.set("mode", "bind")

    return finish


def _finish_graphics(element, wanted):
    if "listen" in wanted:
        element.find("listen").set("type", "address")
    if "port" in wanted and "autoport" not in wanted:
        element.set("autoport", "yes" if wanted["port"] == -1 else "no")
    if wanted.get("port") == -1 or (wanted.get("autoport") and "port" not in wanted):
        element.set("port", "-1")
    if element.get("type") == "spice" and (element.get("autoport"), element.get("port")) == ("yes", "-1"):
        # As libvirt leaves it out.
        del element.attrib["port"]
    if element.get("type") in ("vnc", "spice") and not {"port", "autoport"} & set(element.attrib):
        # Without either SPICE listens nowhere, and libvirt forgets the address.
        element.set("autoport", "yes")


def _finish_input(element, _wanted):
    """One of PS/2, which libvirt would take it for, is there anyway."""
    if element.get("type") in ("mouse", "keyboard") and "bus" not in element.attrib:
        element.set("bus", "usb")


def _finish_panic(element, _wanted):
    """What a PC has where nobody says it, so that the plan knows it (qemuDomainPanicDefPostParse)."""
    system = element.getroottree().find("os/type")
    if not element.get("model") and system is not None and system.get("arch") in ("x86_64", "i686"):
        element.set("model", "isa")


def _finish_video(element, wanted):
    """What libvirt gives a video device of this model, so that the plan knows it (virDomainVideoDefPostParse).

    Others than two of them have one output.
    """
    model = element.find("model")
    kind = model.get("type")
    if kind == "none":
        return
    if "heads" not in wanted and not (kind in MANY_VIDEOS and "heads" in model.attrib):
        model.set("heads", "1")
    if kind in _VIDEO_MEMORY and "vram" not in model.attrib:
        model.set("vram", str(_VIDEO_MEMORY[kind]))


# Video devices of which a guest may have more than one, with more than one output.
MANY_VIDEOS = ("qxl", "virtio")
# KiB that libvirt gives those that have memory (virDomainVideoDefaultRAM, qemuDomainDeviceVideoDefPostParse).
_VIDEO_MEMORY = {**dict.fromkeys(("vga", "cirrus", "vmvga", "bochs"), 16384), "qxl": 65536}
# What goes with which models and types of devices (formatdomain).
_ANYWHERE: dict[str, tuple] = {"address": ()}
_VIDEO_MODELS: dict[str, tuple] = {
    **{f"model/@{name}": ("qxl",) for name in ("ram", "vram64", "vgamem")},
    "model/@vram": ("vga", "qxl", "cirrus", "vmvga", "bochs"),
    "model/@blob": ("virtio",),
    "model/acceleration": ("virtio",),
    "model/resolution": ("virtio", "vga", "qxl", "bochs"),
    "driver": ("virtio",),
    "address": (),
}
CHARACTER_TYPES: dict[str, tuple] = {"source": (), "protocol": (), "@tty": ()}
_HOSTDEV_TYPES: dict[str, tuple] = {
    "source": (),
    "address": (),
    "driver": ("pci",),
    "rom": ("pci",),
    "teaming": ("pci",),
    "boot": ("pci", "usb"),
    **{f"@{name}": ("mdev",) for name in ("model", "display", "ramfb")},
}
_BACKENDS: dict[str, tuple] = {"backend/.": (), "backend/@type": (), "backend/source": (), "backend/protocol": ()}
_INPUT_TYPES: dict[str, tuple] = {
    "source": (),
    **dict.fromkeys(("@bus", "address"), ("mouse", "tablet", "keyboard")),
}
_TPM_BACKENDS: dict[str, tuple] = {
    "backend/*": (),
    **{f"backend/@{name}": ("emulator",) for name in ("version", "persistent_state", "debug")},
}
GRAPHICS = (
    Items(
        "graphics",
        "devices/graphics",
        (
            Field("type", "@type", required=True, choices=("vnc", "spice", "egl-headless", "dbus")),
            Field("port", "@port", Int(least=-1, nothing=-1), runs_as={-1: ANYTHING}, runtime=True),
            Field("autoport", "@autoport", YES_NO),
            Field("listen", "listen/@address", runtime=True),
            Field("password", "@passwd", secret=True, by="update", when="where the guest was started with a password"),
            Field("keymap", "@keymap", secret=False),
            Field("gl", "gl/@enable", YES_NO),
        ),
        identity=("type",),
        finish=_finish_graphics,
    ),
    Items(
        "videos",
        "devices/video",
        (
            ALIASED,
            Field("model", "model/@type", required=True, decides=_VIDEO_MODELS),
            Field("heads", "model/@heads", COUNT),
            Field("vram", "model/@vram", COUNT),
            Field("primary", "model/@primary", YES_ONLY),
            Field("accel3d", "model/acceleration/@accel3d", YES_NO),
        ),
        identity=("alias",),
        finish=_finish_video,
    ),
)

_CHARACTER = ("pty", "file", "unix", "null", "stdio", "vc", "pipe", "tcp", "udp", "spicevmc", "spiceport", "dbus")


def _character(name: str, path: str, first: Field, finish, **more) -> Items:
    """Devices that carry characters between the guest and something of the host."""
    fields = (
        first,
        ALIASED,
        Field("type", "@type", choices=_CHARACTER, decides=CHARACTER_TYPES),
        Field("path", "source/@path", runtime=True),
        Field("log_file", "log/@file"),
        Field("log_append", "log/@append", ON_OFF),
    )
    return Items(name, path, fields, identity=(first.name, "alias"), finish=finish, **more)


CHARACTER = (
    _character(
        "channels",
        "devices/channel",
        Field("name", "target/@name"),
        _finish_character(type="unix", target__type="virtio"),
        by="plug",
        when="with a virtio-serial controller",
    ),
    _character("serials", "devices/serial", Field("port", "target/@port", NUMBER), _finish_character(type="pty")),
    _character(
        "consoles",
        "devices/console",
        Field("port", "target/@port", NUMBER),
        _finish_character(type="pty", target__type="virtio"),
        # The first console of most machines is a serial port under another name.
        where=lambda element: getattr(element.find("target"), "attrib", {}).get("type") == "virtio",
    ),
)
HOSTDEVS = Items(
    "hostdevs",
    "devices/hostdev",
    (
        ALIASED,
        Field("type", "@type", required=True, choices=("pci", "usb", "mdev"), decides=_HOSTDEV_TYPES),
        Field("managed", "@managed", YES_NO),
        _SourceAddress("address", "source/address", PCI_ADDRESS),
        Field("vendor", "source/vendor/@id", Hex()),
        Field("product", "source/product/@id", Hex()),
        Field("uuid", "source/address/@uuid", UUID, only="mdev"),
        Field("model", "@model"),
        Field("boot", "boot/@order", COUNT),
    ),
    identity=("alias", "address", "uuid", "vendor+product"),
    finish=_set_defaults(mode="subsystem"),
    where=lambda element: element.get("mode") in (None, "subsystem"),
    by="plug",
    when="USB devices, others with a free PCIe port",
)


def _finish_rng(element, _wanted):
    _set_defaults(model="virtio", backend__model="random")(element, _wanted)
    backend = element.find("backend")
    if backend.get("model") == "random" and not backend.text:
        backend.text = "/dev/urandom"


_WATCHDOG_ACTIONS = ("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi")
OTHERS = (
    Items(
        "rngs",
        "devices/rng",
        (
            ALIASED,
            Field("model", "@model", choices=("virtio", "virtio-transitional", "virtio-non-transitional")),
            Field("backend", "backend/@model", choices=("random", "builtin"), decides=_BACKENDS),
            Field("source", "backend"),
            Field("rate_bytes", "rate/@bytes", COUNT),
            Field("rate_period", "rate/@period", COUNT),
        ),
        identity=("alias",),
        finish=_finish_rng,
        by="plug",
        when=PORT,
    ),
    Items(
        "watchdogs",
        "devices/watchdog",
        (
            ALIASED,
            Field(
                "model",
                "@model",
                required=True,
                choices=("i6300esb", "ib700", "diag288"),
                decides=_ANYWHERE,
            ),
            Field(
                "action", "@action", choices=("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi")
            ),
        ),
        identity=("alias", "model"),
        # The chip that every q35 has.
        where=lambda element: element.get("model") != "itco",
    ),
    Items(
        "sounds",
        "devices/sound",
        (ALIASED, Field("model", "@model", required=True, decides=_ANYWHERE)),
        identity=("alias",),
    ),
    Items(
        "inputs",
        "devices/input",
        (
            ALIASED,
            Field(
                "type",
                "@type",
                required=True,
                choices=("mouse", "tablet", "keyboard", "passthrough", "evdev"),
                decides=_INPUT_TYPES,
            ),
            Field("bus", "@bus", choices=("usb", "virtio"), decides={"address": (), "@model": ("virtio",)}),
            Field("source", "source/@evdev"),
        ),
        identity=("alias",),
        finish=_finish_input,
        # A PC always has those of PS/2.
        where=lambda element: element.get("bus") not in ("ps2", "xen"),
        by="plug",
        when="on the bus usb, or on virtio with a free PCIe port",
    ),
    Items(
        "panics",
        "devices/panic",
        (ALIASED, Field("model", "@model", choices=("isa", "pvpanic", "hyperv", "pseries", "s390"), decides=_ANYWHERE)),
        identity=("alias", "model"),
        finish=_finish_panic,
    ),
    Group(
        "vsock",
        "devices/vsock",
        (
            Field("model", "@model", choices=("virtio", "virtio-transitional", "virtio-non-transitional")),
            Field("auto", "cid/@auto", YES_NO),
            Field("cid", "cid/@address", Int(least=3), runtime=True),
        ),
        optional=True,
        finish=_set_defaults(model="virtio"),
        by="plug",
        when=PORT,
    ),
    Group(
        "iommu",
        "devices/iommu",
        (
            Field(
                "model",
                "@model",
                required=True,
                choices=("intel", "smmuv3", "virtio"),
                decides={"address": (), "driver": ("intel",)},
            ),
            Field("intremap", "driver/@intremap", ON_OFF),
            Field("caching_mode", "driver/@caching_mode", ON_OFF),
            Field("iotlb", "driver/@iotlb", ON_OFF),
        ),
        optional=True,
    ),
    Group(
        "tpm",
        "devices/tpm",
        (
            Field("model", "@model", choices=("tpm-tis", "tpm-crb", "tpm-spapr")),
            Field("type", "backend/@type", choices=("emulator", "passthrough", "external"), decides=_TPM_BACKENDS),
            Field("version", "backend/@version", choices=("1.2", "2.0")),
            Field("persistent_state", "backend/@persistent_state", YES_ONLY),
            Field("device", "backend/device/@path"),
        ),
        optional=True,
        finish=_set_defaults(backend__type="emulator"),
    ),
)
FIELDS = (*GRAPHICS, *CHARACTER, HOSTDEVS, *OTHERS)
