"""Finds services with Python's zeroconf, as Home Assistant does, and prints what it sees. Argument: the interface."""

import json
import sys

from zeroconf import ServiceBrowser, Zeroconf

KIND = "_wyoming._tcp.local."


class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, timeout=5000)
        facts = None if info is None else {"port": info.port, "addresses": info.parsed_addresses()}
        print(json.dumps({"found": name, **(facts or {})}), flush=True)

    def update_service(self, zeroconf, kind, name):
        pass

    def remove_service(self, zeroconf, kind, name):
        print(json.dumps({"gone": name}), flush=True)


zeroconf = Zeroconf(interfaces=[sys.argv[1]])
browser = ServiceBrowser(zeroconf, KIND, Listener())
print(json.dumps({"ready": True}), flush=True)
sys.stdin.read()
zeroconf.close()
