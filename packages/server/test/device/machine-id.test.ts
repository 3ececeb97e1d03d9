import os from "node:os";
import { expect, test, vi } from "vitest";
import { machineId } from "../../src/device/machine-id.js";

const card = (mac: string, internal = false) =>
  ({ address: "192.0.2.1", netmask: "255.255.255.0", family: "IPv4", mac, internal, cidr: "192.0.2.1/24" }) as const;

test("a machine is known by its board and its system, so that a copied card makes another machine", () => {
  const files: Record<string, string> = { "/etc/machine-id": "2f4c", "/proc/device-tree/serial-number": "10000000a1" };
  const read = (serial: string) => machineId((file) => (file.startsWith("/proc") ? serial : (files[file] ?? "")));
  expect(read("10000000a1")).toBe("10000000a12f4c");
  expect(read("10000000b2")).not.toBe(read("10000000a1"));
  expect(read("")).toBe("2f4c");
});

test("without these, it is known by a network card: the first by number, and no container's network", () => {
  const list = vi.spyOn(os, "networkInterfaces");
  list.mockReturnValue({
    lo: [card("00:00:00:00:00:00", true)],
    wlan0: [card("dc:a6:32:00:00:02")],
    docker0: [card("02:42:ac:11:00:01")],
    eth0: [card("dc:a6:32:00:00:01")],
  });
  expect(machineId(() => "")).toBe("dc:a6:32:00:00:01");
  list.mockReturnValue({ eth0: [card("52:54:00:12:34:56")] });
  expect(machineId(() => "")).toBe("52:54:00:12:34:56");
});

test("a machine of which nothing can be read has an empty id", () => {
  vi.spyOn(os, "networkInterfaces").mockImplementation(() => {
    throw new Error("EAFNOSUPPORT");
  });
  expect(machineId(() => "")).toBe("");
});

test("the id stays the same", () => {
  expect(machineId()).toBe(machineId());
});
