# SPDX-License-Identifier: GPL-3.0-or-later
"""Crosses documents of domains with each other, and takes what libvirt accepts of it through all that a task does.

  _crossed_inside.py SEED TRIES    paths of documents on standard input, an outcome a line on standard output

Each try takes a document and gives it devices and other elements of others, or takes some away. What becomes of it
alone is as in C(_corpus_inside); besides, the guest of the try before becomes this one.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from pathlib import Path

import libvirt
from _corpus_inside import PLANNED, URI, Trial, Wrong, expect, outcome
from lxml import etree

from ansible_collections.virtops.libvirt.plugins.module_utils._connection import connection
from ansible_collections.virtops.libvirt.plugins.module_utils._domain.removal import undefine
from ansible_collections.virtops.libvirt.plugins.module_utils._errors import Failed, Refused

NAME = "crossed"
# What stands once in a document.
SINGLE = (
    *("blkiotune", "clock", "cpu", "cputune", "currentMemory", "description", "features", "genid", "iothreads"),
    *("launchSecurity", "maxMemory", "memory", "memoryBacking", "memtune", "metadata", "numatune", "on_crash"),
    *("on_reboot", "os", "perf", "pm", "resource", "seclabel", "sysinfo", "title", "vcpu"),
)


class Crossing:
    """Documents by chance, the same ones for the same seed."""

    def __init__(self, seed: int, documents: list):
        self.chance, self.documents = random.Random(seed), documents

    def next(self) -> str:
        document = copy.deepcopy(self.chance.choice(self.documents))
        for _ in range(self.chance.randint(1, 5)):
            ways = (self._device, self._single, self._without_device, self._without_attribute, self._without)
            (way,) = self.chance.choices(ways, (11, 4, 2, 1, 2))
            way(document, self.chance.choice(self.documents))
        document.find("name").text = NAME
        for place in ("uuid", "sysinfo/system/entry[@name='uuid']"):
            for element in document.findall(place):
                element.getparent().remove(element)
        return etree.tostring(document, encoding="unicode", pretty_print=True)

    def _device(self, document, other) -> None:
        device = copy.deepcopy(self.chance.choice(other.findall("devices/*")))
        if device.tag == "emulator":
            return
        for tag, chance in (("address", 0.6), ("alias", 0.3)):
            for element in device.findall(tag) if self.chance.random() < chance else ():
                device.remove(element)
        devices = document.find("devices")
        devices.insert(self.chance.randint(0, len(devices)), device)

    def _single(self, document, other) -> None:
        element = copy.deepcopy(self.chance.choice([one for one in other if one.tag in SINGLE]))
        for old in document.findall(element.tag):
            document.remove(old)
        document.insert(self.chance.randint(1, len(document)), element)

    def _without_device(self, document, _other) -> None:
        devices = document.find("devices")
        if len(devices):
            devices.remove(self.chance.choice(list(devices)))

    def _without_attribute(self, document, _other) -> None:
        element = self.chance.choice([one for one in document.iter() if one.attrib])
        del element.attrib[self.chance.choice(list(element.attrib))]

    def _without(self, document, _other) -> None:
        element = self.chance.choice([one for one in document.iter() if one.tag not in ("domain", "name", "devices")])
        element.getparent().remove(element)


def is_stable(trial: Trial) -> bool:
    """Whether libvirt takes a document, and what it makes of it."""
    if trial.refusal(trial.text, trial.validate):
        return False
    domain = trial.writer.defineXML(trial.text)
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
    undefine(trial.writer, domain)
    return not trial.refusal(text)


def become(trial: Trial, before: str) -> tuple[str, str]:
    """What becomes of the guest that C(before) describes when it shall be another one; as outcome()."""
    try:
        trial.task(False, {"xml": before})
        there = trial.there()
        plan, real = (_said(trial, check) for check in (True, False))
        expect(isinstance(plan, str) == isinstance(real, str), f"planned: {plan}; done: {real}")
        if isinstance(plan, str):
            # Some cannot be changed, which check mode knows.
            expect(plan == real and trial.there() == there, f"planned: {plan}; done: {real}")
            return "refused", plan
        for key in PLANNED:
            expect(real[key] == plan[key], f"{key}: planned {plan[key]}, done {real[key]}")
        trial.unchanged("repeat", xml=trial.text)
    except (Wrong, Refused, Failed, libvirt.libvirtError) as error:
        return "fail", str(error)
    finally:
        trial.clean()
    return "pass", ""


def _said(trial: Trial, check: bool):
    try:
        return trial.task(check, {"xml": trial.text})
    except (Refused, Failed) as error:
        return str(error)


def main(seed: int, tries: int) -> None:
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    parsed = [etree.fromstring(Path(line).read_bytes(), parser) for line in sys.stdin.read().splitlines()]
    usable = [one for one in parsed if one.get("type") in ("qemu", "kvm") and len(one.findall("devices/*")) > 1]
    crossing, before = Crossing(seed, [one for one in usable if one.find("name") is not None]), ""
    with connection(URI, True) as reader, connection(URI, False) as writer:
        for number in range(tries):
            text = crossing.next()
            trial = Trial(reader, writer, text)
            if not is_stable(trial):
                continue
            found = [("", outcome(trial))] + ([(before, become(trial, before))] if before else [])
            for old, (what, why) in found:
                print(json.dumps({"number": number, "outcome": what, "why": why, "old": old, "new": text}), flush=True)
            before = text


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
