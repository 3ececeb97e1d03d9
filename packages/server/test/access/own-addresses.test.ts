import os from "node:os";
import { expect, test, vi } from "vitest";
import { parseHostName } from "../../src/access/host-name.js";
import { OwnAddresses } from "../../src/access/own-addresses.js";

test("knows the addresses of this machine in every form of a Host header", () => {
  const own = new OwnAddresses();
  for (const { address, family } of Object.values(os.networkInterfaces()).flatMap((list) => list ?? [])) {
    const header = family === "IPv6" ? `[${address.toUpperCase()}]:7420` : `${address}:7420`;
    expect(own.includes(parseHostName(header)?.name ?? "")).toBe(true);
  }
  expect(own.includes("203.0.113.9")).toBe(false);
});

test("reads the addresses of this machine at most every five seconds", () => {
  const read = vi.spyOn(os, "networkInterfaces");
  const own = new OwnAddresses();
  for (let time = 0; time < 4999; time += 10) own.includes("203.0.113.9", time);
  expect(read).toHaveBeenCalledTimes(1);
  own.includes("203.0.113.9", 5000);
  expect(read).toHaveBeenCalledTimes(2);
});
