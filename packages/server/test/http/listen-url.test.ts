import type { NetworkInterfaceInfo } from "node:os";
import { expect, test } from "vitest";
import { listenError } from "../../src/http/listen-error.js";
import { listenUrl } from "../../src/http/listen-url.js";

const entry = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;
const loopback = [entry("127.0.0.1", true), entry("::1", true)];
const lan = [entry("fe80::1"), entry("fd00::20"), entry("169.254.3.4"), entry("192.168.1.20")];

test.each([
  ["127.0.0.1", lan, "http://127.0.0.1:7420"],
  ["localhost", lan, "http://localhost:7420"],
  ["::1", lan, "http://[::1]:7420"],
  ["0.0.0.0", lan, "http://192.168.1.20:7420"],
  ["::", lan, "http://192.168.1.20:7420"],
  ["::", [entry("fe80::1"), entry("fd00::20")], "http://[fd00::20]:7420"],
  ["0.0.0.0", [entry("fd00::20")], "http://0.0.0.0:7420"],
  ["0.0.0.0", [], "http://0.0.0.0:7420"],
  ["::", [], "http://[::]:7420"],
])("%s (%#) is shown as %s", (host, others, url) => {
  expect(listenUrl({ host, port: 7420, isSecure: false }, { lo: loopback, eth0: others })).toBe(url);
});

test("TLS", () => {
  expect(listenUrl({ host: "127.0.0.1", port: 1, isSecure: true }, {})).toBe("https://127.0.0.1:1");
});

test.each([
  ["EACCES", "not permitted"],
  ["EPERM", "not permitted"],
  ["EADDRINUSE", "Another program listens on [::1]:80"],
  ["EADDRNOTAVAIL", "does not have the address"],
  ["EAFNOSUPPORT", "does not support"],
  ["EMFILE", "(EMFILE)"],
])("%s says what happened and what to do", (code, words) => {
  const error = listenError(Object.assign(new Error("x"), { code }), { host: "::1", port: 80 });
  const isRefused = code === "EACCES" || code === "EPERM";
  expect(error).toMatchObject({
    code: isRefused ? "listen-not-permitted" : "listen-failed",
    message: expect.stringContaining(words),
  });
  expect(error.hint).toMatch(/(?:serve\.host|serve\.port)/);
});
