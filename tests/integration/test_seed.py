# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that tell a guest at its boot what it shall be: seeds for cloud-init, configs for Ignition."""

from __future__ import annotations

import json

DIRECTORY = "/var/lib/libvirt/images/images"
SEED = {
    "pool": "images",
    "name": "seed.iso",
    "cloud_init": {
        "user_data": {"hostname": "wéb1", "users": [{"name": "admin", "ssh_authorized_keys": ["ssh-ed25519 AAAA x"]}]},
        "meta_data": {"instance-id": "web1", "local-hostname": "web1"},
        "network_config": {"version": 2, "ethernets": {"eth0": {"dhcp4": True}}},
    },
}


READER = """
import io, json, sys, pycdlib
iso = pycdlib.PyCdlib()
iso.open(sys.argv[1])
found = []
for path in ("rr_path", "joliet_path"):
    names = [child.rock_ridge.name().decode() if path == "rr_path" else child.file_identifier().decode("utf-16-be")
             for child in iso.list_children(**{path: "/"}) if not child.is_dir()]
    found.append({})
    for name in names:
        data = io.BytesIO()
        iso.get_file_from_iso_fp(data, **{path: "/" + name})
        found[-1][name] = data.getvalue().decode()
print(json.dumps(found))
"""


def seed_files(lab, name: str = "seed.iso") -> dict[str, str]:
    """What a guest reads from a seed: Linux by its Rock Ridge names, others by Joliet's."""
    rock_ridge, joliet = json.loads(lab.shell(f"/usr/bin/python3 - {DIRECTORY}/{name}", READER))
    assert rock_ridge == joliet
    return rock_ridge


def test_a_seed_is_what_cloud_init_looks_for(lab, pool):
    made = lab.change("volume", **SEED)
    assert made["volume"]["format"] == "iso"
    tags = lab.shell(f"blkid -p -o export {DIRECTORY}/seed.iso").splitlines()
    assert "LABEL=cidata" in tags
    assert "TYPE=iso9660" in tags
    files = seed_files(lab)
    assert sorted(files) == ["meta-data", "network-config", "user-data"]
    assert files["user-data"].startswith("#cloud-config\n")
    for name, option in (("user-data", "user_data"), ("meta-data", "meta_data"), ("network-config", "network_config")):
        # JSON is YAML, too.
        assert json.loads(files[name].removeprefix("#cloud-config\n")) == SEED["cloud_init"][option]


def changed_files(result: dict) -> tuple[dict, dict]:
    (change,) = [change for change in result["changes"] if change["path"] == "cloud_init"]
    assert change["effect"] == "next_boot"
    return change["before"], change["after"]


OTHER, WANTED = "another content", "the content of this task"


def test_a_seed_is_written_anew_when_its_input_changed_only(lab, pool):
    lab.ok("volume", **SEED)
    reordered = {key: SEED["cloud_init"][key] for key in reversed(SEED["cloud_init"])}
    lab.unchanged("volume", **{**SEED, "cloud_init": reordered})
    before = lab.file(f"{DIRECTORY}/seed.iso").stat().st_ino
    other = {**SEED, "cloud_init": {**SEED["cloud_init"], "user_data": {"hostname": "x" * 5000}}}
    changed = lab.change("volume", **other)
    assert changed_files(changed) == ({"user_data": OTHER}, {"user_data": WANTED})
    assert changed["steps"] == ["write the cloud-init seed volume images/seed.iso"]
    assert lab.file(f"{DIRECTORY}/seed.iso").stat().st_ino != before
    assert "x" * 5000 in seed_files(lab)["user-data"]
    # Smaller again: a seed is no disk whose capacity may only grow.
    lab.change("volume", **SEED)
    assert "x" * 5000 not in seed_files(lab)["user-data"]
    assert lab.shell(f"ls -A {DIRECTORY}") == "seed.iso\n"


def test_the_files_of_a_seed_that_differ_are_named(lab, pool):
    task = {"pool": pool, "name": "seed.iso", "cloud_init": {"meta_data": {"instance-id": "i"}}}
    lab.ok("volume", **task)
    task["cloud_init"]["vendor_data"] = {"packages": ["vim"]}
    added = changed_files(lab.change("volume", **task))
    assert added == ({"vendor_data": None}, {"vendor_data": WANTED})
    assert json.loads(seed_files(lab)["vendor-data"].removeprefix("#cloud-config\n")) == {"packages": ["vim"]}
    task["cloud_init"] = {"meta_data": {"instance-id": "other"}, "user_data": "#!/bin/sh\n"}
    both = changed_files(lab.change("volume", **task))
    assert both == (
        {"meta_data": OTHER, "user_data": OTHER, "vendor_data": OTHER},
        {"meta_data": WANTED, "user_data": WANTED, "vendor_data": None},
    )


def test_a_seed_that_another_tool_made_is_read(lab, pool):
    lab.shell(
        f"mkdir -p /root/seed && cd /root/seed && echo 'instance-id: x' >meta-data && echo '#!/bin/sh' >user-data"
        f" && genisoimage -quiet -V cidata -r -J -o {DIRECTORY}/seed.iso . && virsh pool-refresh images"
    )
    task = {"pool": pool, "name": "seed.iso", "cloud_init": {"user_data": "#!/bin/sh\n", "meta_data": "instance-id: y"}}
    assert changed_files(lab.change("volume", **task)) == ({"meta_data": OTHER}, {"meta_data": WANTED})


def test_what_is_in_a_seed_is_not_shown(lab, pool):
    secret = "geheimnis"
    task = {**SEED, "cloud_init": {"user_data": {"password": secret}, "meta_data": {"instance-id": secret}}}
    wrong = {**SEED, "cloud_init": {"user_data": f"#cloud-config\npassword: *{secret}\n"}}
    unknown = {**SEED, "cloud_init": {"user-data": secret}}
    results = [run("volume", **one) for one in (task, wrong, unknown) for run in (lab.check, lab.run)]
    for result in (*results, lab.run("volume_info", pool=pool)):
        assert secret not in json.dumps(result)


def test_text_is_taken_as_it_is(lab, pool):
    script = "#!/bin/sh\necho 'ä' \"$HOME\"\n"
    lab.change("volume", pool=pool, name="seed.iso", cloud_init={"user_data": script, "meta_data": "instance-id: i1"})
    assert seed_files(lab) == {"user-data": script, "meta-data": "instance-id: i1\n"}


def test_characters_that_yaml_does_not_take_as_they_are(lab, pool):
    lab.change("volume", pool=pool, name="seed.iso", cloud_init={"user_data": {"a": "\x7f\x85\U0001f600ä\ufffe"}})
    said = lab.shell(
        "/usr/bin/python3 -c 'import sys, json, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))'",
        seed_files(lab)["user-data"],
    )
    assert json.loads(said) == {"a": "\x7f\x85\U0001f600ä\ufffe"}


def test_an_empty_seed_says_that_it_is_one(lab, pool):
    lab.change("volume", pool=pool, name="seed.iso", cloud_init={})
    assert seed_files(lab) == {"user-data": "#cloud-config\n{}\n", "meta-data": '{\n "instance-id": "seed.iso"\n}\n'}


def instance_id(lab) -> str:
    return json.loads(seed_files(lab)["meta-data"])["instance-id"]


def test_an_instance_of_its_own_for_every_content(lab, pool):
    task = {"pool": pool, "name": "seed.iso"}
    seed = {"meta_data": {"local-hostname": "web1"}, "user_data": {"hostname": "web1"}}
    lab.ok("volume", **task, cloud_init=seed)
    assert instance_id(lab) == "seed.iso"
    lab.unchanged("volume", **task, cloud_init={**seed, "instance_id": "name"})
    named = changed_files(lab.change("volume", **task, cloud_init={**seed, "instance_id": "content"}))
    assert named == ({"meta_data": OTHER}, {"meta_data": WANTED})
    first = instance_id(lab)
    assert first.startswith("seed.iso-")
    seed["user_data"] = {"hostname": "web2"}
    lab.change("volume", **task, cloud_init={**seed, "instance_id": "content"})
    assert instance_id(lab) != first
    seed["user_data"] = {"hostname": "web1"}
    lab.change("volume", **task, cloud_init={**seed, "instance_id": "content"})
    assert instance_id(lab) == first


USER_DATA = (
    {"packages": ["vim"]},
    "#cloud-config\npackages: [vim]",
    "\n#Cloud-Config  \r\npackages: [vim]",
    "#cloud-config\n",
    "#cloud-config-archive\n- {type: text/cloud-config, content: x}",
    "#!/bin/sh",
    "#include\nhttps://example.com/x",
    "#include-once https://example.com/x",
    "#cloud-boothook\nx",
    "#part-handler\nx",
    "## template: jinja\n#cloud-config\n{% if v1 %}packages: [vim]{% endif %}",
    "Content-Type: multipart/mixed; boundary=x\nMIME-Version: 1.0\n\n--x--",
    "#ps1_sysnative\nx",
    "  ",
)
NETWORK_CONFIG = (
    {"version": 1, "config": [{"type": "physical", "name": "eth0"}]},
    {"network": {"version": 2, "ethernets": {}}},
    "version: 2\nethernets: {}",
    "network:\n  version: 1\n  config: []",
    {"config": "disabled"},
)


def test_all_that_cloud_init_knows_is_taken(lab, pool):
    for number, data in enumerate(USER_DATA):
        seed = {"user_data": data, "vendor_data": data}
        lab.ok("volume", pool=pool, name=f"{number}.iso", cloud_init=seed)
    for number, config in enumerate(NETWORK_CONFIG):
        lab.ok("volume", pool=pool, name=f"n{number}.iso", cloud_init={"network_config": config})
    assert json.loads(seed_files(lab, "n1.iso")["network-config"]) == {"version": 2, "ethernets": {}}


def test_what_another_reader_knows_is_taken_where_the_task_says_so(lab, pool):
    lab.change("volume", pool=pool, name="t.iso", cloud_init={"user_data": "version: v1alpha1", "validate": False})
    assert seed_files(lab, "t.iso")["user-data"] == "version: v1alpha1\n"


def test_without_a_library_for_yaml_the_result_says_what_was_not_looked_at(lab, pool):
    lab.shell("mkdir -p /root/broken/yaml && echo 'raise ImportError(1)' >/root/broken/yaml/__init__.py")
    seed = {"user_data": "#cloud-config\na: [", "meta_data": "instance-id: i", "network_config": '{"version": 2}'}
    lab.refused("volume", pool=pool, name="seed.iso", cloud_init=seed)
    process = lab.start("volume", "/root/broken", pool=pool, name="seed.iso", cloud_init=seed)
    result = json.loads(process.communicate()[0].splitlines()[-1])
    assert [words.partition(":")[0] for words in result["unchecked"]] == ["user_data", "meta_data"]
    assert "python3-yaml" in result["unchecked"][0]


def test_a_disk_with_data_is_not_taken_for_a_seed(lab, pool):
    """The name is that of another volume: writing a seed over it would lose its data."""
    lab.ok("volume", pool=pool, name="seed.iso", capacity="1 MiB")
    lab.refused("volume", **SEED)


def test_sizes_of_a_seed_follow_its_content(lab, pool):
    for number, length in enumerate((0, 2047, 2048, 70000)):
        lab.change("volume", pool=pool, name=f"s{number}.iso", cloud_init={"user_data": "#!" + "x" * length})


OPEN = (
    "for f in /proc/$(cat /run/libvirt/qemu/guest.pid)/fd/*; do case $(readlink $f) in *seed.iso*) cat $f;; esac; done"
)


def test_a_guest_that_runs_keeps_the_seed_that_it_was_started_with(lab, pool):
    """Also when it boots again by itself: QEMU has the file open until the guest is off."""

    def seen() -> str:
        return lab.shell(f"{OPEN} | grep -ao 'hostname.*'")

    task = {"pool": pool, "name": "seed.iso"}
    lab.ok("volume", **task, cloud_init={"user_data": {"hostname": "old"}})
    cdrom = {"target": "sda", "bus": "sata", "device": "cdrom", "pool": pool, "volume": "seed.iso"}
    guest = {"name": "guest", "virt_type": "qemu", "memory": "16 MiB", "disks": [cdrom]}
    lab.ok("domain", **guest, state="running")
    changed = lab.change("volume", **task, cloud_init={"user_data": {"hostname": "new"}})
    assert changed_files(changed) == ({"user_data": OTHER}, {"user_data": WANTED})
    assert "old" in seen()
    lab.virsh("reset", "guest")
    assert "old" in seen()
    lab.ok("domain", name="guest", state="restarted", force=True, timeout=1)
    assert "new" in seen()


# --- Ignition ---------------------------------------------------------------------------------------------------------

SECRET = "$y$j9T$geheimnis"
CONFIG = {
    "ignition": {"version": "3.4.0"},
    "passwd": {"users": [{"name": "core", "passwordHash": SECRET, "sshAuthorizedKeys": ["ssh-ed25519 AAAA ä"]}]},
}


def test_a_config_for_ignition_is_a_volume(lab, pool):
    task = {"pool": pool, "name": "web1.ign"}
    made = lab.change("volume", **task, ignition=CONFIG)
    assert (made["volume"]["format"], made["volume"]["capacity"]) == ("raw", "4 KiB")
    file = lab.file(f"{DIRECTORY}/web1.ign")
    assert json.loads(file.read_bytes()) == CONFIG
    assert file.stat().st_mode & 0o777 == 0o600
    # Text that says the same is the same.
    lab.unchanged("volume", **task, ignition=json.dumps(dict(reversed(CONFIG.items())), indent=2))
    other = {**CONFIG, "storage": {"files": [{"path": "/etc/hostname"}]}}
    changed = lab.change("volume", **task, ignition=other)
    assert changed["changes"] == [{"path": "ignition", "before": OTHER, "after": WANTED, "effect": "next_boot"}]
    assert json.loads(file.read_bytes()) == other
    lab.change("volume", **task, ignition={**CONFIG, "systemd": {"units": [{"name": "x" * 5000}]}})
    lab.change("volume", **task, ignition=CONFIG)
    for result in (lab.check("volume", **task, ignition=other), lab.run("volume", **task, ignition=other)):
        assert "geheimnis" not in json.dumps(result)
    lab.change("volume", **task, state="absent")


def test_a_disk_with_data_is_not_taken_for_a_config(lab, pool):
    lab.ok("volume", pool=pool, name="data", capacity="1 MiB")
    assert "no Ignition config" in lab.refused("volume", pool=pool, name="data", ignition=CONFIG)


def test_a_seed_on_a_host_that_is_reached_over_the_network(lab, pool):
    """The module cannot open the file there: libvirt streams it, which it does for writers only."""
    address = lab.shell("sed -n 's/^listen_addr *= *\"\\(.*\\)\"/\\1/p' /etc/libvirt/libvirtd.conf").strip()
    task = {"uri": f"qemu+tcp://{address}/system", "pool": pool, "name": "seed.iso"}
    lab.ok("volume", **task, cloud_init={"user_data": {"hostname": "old"}})
    assert not lab.run("volume", **task, cloud_init={"user_data": {"hostname": "old"}})["changed"]
    told = lab.check("volume", **task, cloud_init={"user_data": {"hostname": "new"}})
    assert (told["changed"], told["unchecked"]) == (False, ["cloud_init"])
    changed = lab.ok("volume", **task, cloud_init={"user_data": {"hostname": "new"}})
    assert changed_files(changed) == ({"user_data": OTHER}, {"user_data": WANTED})
    assert '"new"' in seed_files(lab)["user-data"]
