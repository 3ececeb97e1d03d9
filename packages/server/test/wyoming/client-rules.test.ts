import { describe, expect, test } from "vitest";
import { ClientRules, readNetwork } from "../../src/wyoming/client-rules.js";

describe("addresses of clients", () => {
  test.each([
    ["192.168.1.10", { address: "192.168.1.10", family: "ipv4", prefix: 32 }],
    ["192.168.1.0/24", { address: "192.168.1.0", family: "ipv4", prefix: 24 }],
    ["0.0.0.0/0", { address: "0.0.0.0", family: "ipv4", prefix: 0 }],
    ["fd00::/8", { address: "fd00::", family: "ipv6", prefix: 8 }],
    ["::1", { address: "::1", family: "ipv6", prefix: 128 }],
  ])("%s is a network", (text, network) => {
    expect(readNetwork(text)).toEqual(network);
  });

  test.each([
    "",
    "home.local",
    "192.168.1",
    "192.168.1.0/33",
    "fd00::/129",
    "1.2.3.4/",
    "1.2.3.4/1/2",
    "fe80::1%eth0",
    "1.2.3.4/+8",
  ])("%j is not", (text) => {
    expect(readNetwork(text)).toBeNull();
    expect(() => new ClientRules([text])).toThrow(TypeError);
  });

  test("without any, only this machine may connect", () => {
    const rules = new ClientRules([]);
    expect(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].map((address) => rules.allows(address))).toEqual(
      Array(4).fill(true),
    );
    expect(["192.168.1.10", "::ffff:192.168.1.10", "fe80::1", undefined, ""].map((a) => rules.allows(a))).toEqual(
      Array(5).fill(false),
    );
  });

  test("addresses and networks of both kinds, also mapped ones", () => {
    const rules = new ClientRules(["192.168.1.0/24", "10.0.0.5", "fd00::/8"]);
    const allowed = ["192.168.1.1", "::ffff:192.168.1.255", "10.0.0.5", "fd12::1", "fd12::1%eth0", "127.0.0.1"];
    const refused = ["192.168.2.1", "10.0.0.6", "fe80::1", "::ffff:10.0.0.6"];
    expect(allowed.filter((address) => !rules.allows(address))).toEqual([]);
    expect(refused.filter((address) => rules.allows(address))).toEqual([]);
  });
});
