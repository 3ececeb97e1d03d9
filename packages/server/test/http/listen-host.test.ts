import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { canonicalHost } from "../../src/http/listen-host.js";
import { isAnyAddress } from "../../src/http/listen-url.js";

const everywhere = [
  "0",
  "0x0",
  "0x00000000",
  "00",
  "0.0",
  "0.0.0",
  "0.0.0.0",
  "::",
  "[::]",
  "::0",
  "0::0",
  "::0.0.0.0",
  "0:0:0:0:0:0:0:0",
  "0000:0000:0000:0000:0000:0000:0000:0000",
  "::ffff:0.0.0.0",
  "::ffff:0:0",
];

describe("all addresses of the machine", () => {
  test.each(everywhere)("%s is one of their forms", (host) => expect(isAnyAddress(host)).toBe(true));

  test.each(["127.0.0.1", "127.1", "::1", "0.0.0.1", "agent.local", "0.agent.local", "", "0:0", "*"])(
    "%j is not",
    (host) => expect(isAnyAddress(host)).toBe(false),
  );

  test("every form that this machine listens on is either known or one address", async () => {
    for (const host of ["0", "0x0", "0.0", "00.0.0", "127.1", "0x7f000001", "::0", "::ffff:0.0.0.0"]) {
      const server = createServer();
      const address = await new Promise<string | null>((resolve) => {
        server.once("error", () => resolve(null));
        server.listen(0, canonicalHost(host) ?? host, () => {
          const bound = server.address();
          resolve(typeof bound === "object" ? (bound?.address ?? null) : null);
        });
      });
      server.close();
      // A system without IPv6, for example.
      if (address === null) continue;
      expect([host, isAnyAddress(address)]).toEqual([host, isAnyAddress(host)]);
    }
  });
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["127.1", "127.0.0.1"],
  ["3232235777", "192.168.1.1"],
  ["Agent.Local.", "agent.local"],
  ["my_box", "my_box"],
  ["küche.local", "xn--kche-0ra.local"],
  ["[::1]", "::1"],
  ["FE80::1%eth0", "fe80::1%eth0"],
])("%s is %s", (host, canonical) => expect(canonicalHost(host)).toBe(canonical));

test.each([
  "",
  " 127.0.0.1",
  "127.0.0.1 ",
  "http://127.0.0.1",
  "127.0.0.1:8080",
  "localhost:8080",
  "[::1]:8080",
  "1.2.3.4.5",
  "256.1.1.1",
  "a/b",
  "user@host",
  "*",
  "a..b",
  "[127.0.0.1]",
  ":::",
  "a".repeat(254),
])("%j is neither an address nor a host name", (host) => expect(canonicalHost(host)).toBeNull());
