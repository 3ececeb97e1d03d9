import { syncBuiltinESMExports } from "node:module";
import os, { networkInterfaces } from "node:os";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { listenHost } from "../../src/wyoming/listen-host.js";
import { type ServedHouse, serveInTest as serve, serveWyoming } from "./serve-wyoming.js";
import { WyomingClient } from "./wyoming-client.js";

const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
const lanAddress = addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? null;
const lanNeeded = lanAddress === null ? " (skipped: this machine has no network)" : "";
const hasIpv6 = addresses.some(({ address }) => address === "::1");

describe("who may connect", () => {
  test.each([
    ["127.0.0.1", [], "127.0.0.1"],
    ["localhost", [], "localhost"],
    ["::1", [], "::1"],
    ["0.0.0.0", [], "127.0.0.1"],
    ["::", [], "127.0.0.1"],
    ["192.168.1.5", [], "127.0.0.1"],
    ["fd00::5", [], "::1"],
    ["127.0.0.1", ["10.0.0.1"], "0.0.0.0"],
    ["::1", ["fd00::1"], "::"],
    ["0.0.0.0", ["10.0.0.1"], "0.0.0.0"],
    ["::", ["10.0.0.1"], "::"],
    ["192.168.1.5", ["10.0.0.1"], "192.168.1.5"],
    ["192.168.1.5", ["fd00::1"], "192.168.1.5"],
    ["127.0.0.1", ["10.0.0.1", "fd00::/8"], "::"],
    ["localhost", ["::ffff:10.0.0.0/104"], "::"],
    ["0.0.0.0", ["fd00::1"], "::"],
  ])("a service on %s with the clients %j listens on %s", (host, allow_clients, expected) => {
    expect(listenHost({ host, settings: { port: 0, allow_clients } }, () => true)).toBe(expected);
  });

  test.each(["127.0.0.1", "0.0.0.0"])("a system without IPv6 listens on IPv4 alone: %s", (host) => {
    expect(listenHost({ host, settings: { port: 0, allow_clients: ["fd00::/8"] } }, () => false)).toBe("0.0.0.0");
  });

  test.skipIf(!hasIpv6 || lanAddress === null)(
    `with clients of both families, each rule holds for its own${hasIpv6 ? lanNeeded : " (skipped: no IPv6)"}`,
    async () => {
      const answers = async (allow_clients: string[]) => {
        const house = await serve(undefined, { wyoming: { port: 0, allow_clients } });
        const port = Number(new URL(house.url.replace("tcp:", "http:")).port);
        const from = async (host: string, localAddress: string) => {
          const client = await WyomingClient.open({ host, port, localAddress });
          client.send("ping");
          const answer = await client.read();
          client.close();
          return answer?.type ?? null;
        };
        // On a socket for both families, the system reports IPv4 addresses as ::ffff:192.168.1.10.
        return [await from("::1", "::1"), await from("127.0.0.1", lanAddress ?? "")];
      };
      expect(await answers(["fd00::/8"])).toEqual(["pong", null]);
      expect(await answers(["fd00::/8", `${lanAddress}/32`])).toEqual(["pong", "pong"]);
      expect(await answers([`::ffff:${lanAddress}`])).toEqual(["pong", "pong"]);
    },
  );

  test("with clients, this machine may still connect", async () => {
    const house = await serve(undefined, { wyoming: { port: 0, allow_clients: ["203.0.113.0/24"] } });
    const { port } = new URL(house.url.replace("tcp:", "http:"));
    const client = await WyomingClient.open(`tcp://127.0.0.1:${port}`);
    expect(await client.ask("hello")).toMatchObject({ type: "handled" });
    client.close();
  });

  test.skipIf(lanAddress === null)(`others are closed at once, unless they are allowed${lanNeeded}`, async () => {
    const from = async (house: ServedHouse, host: string) => {
      const port = Number(new URL(house.url.replace("tcp:", "http:")).port);
      const client = await WyomingClient.open({ host, port, localAddress: lanAddress ?? "" });
      client.send("ping");
      const answer = await client.read();
      client.close();
      return answer?.type ?? null;
    };
    const house = await serve();
    expect(await from(house, "127.0.0.1")).toBeNull();
    const reason = "The address is not in serve.wyoming.allow_clients.";
    expect(house.log).toContainEqual(
      expect.objectContaining({ event: "connection-refused", reason, client: lanAddress }),
    );
    const open = await serve(undefined, { wyoming: { port: 0, allow_clients: [lanAddress ?? ""] } });
    expect(await from(open, "127.0.0.1")).toBe("pong");
    const others = await serve(undefined, { wyoming: { port: 0, allow_clients: ["203.0.113.1"] } });
    expect(await from(others, "127.0.0.1")).toBeNull();
    // This machine by its own address.
    expect(await from(others, lanAddress ?? "")).toBe("pong");
  });

  test.skipIf(!hasIpv6)(`a service on ::1 has its voice there${hasIpv6 ? "" : " (skipped: no IPv6)"}`, async () => {
    const house = await serve(undefined, { host: "::1", wyoming: { port: 0 } }, "::1");
    expect(house.url).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
    expect(await (await house.connect()).ask("hello")).toMatchObject({ type: "handled" });
  });

  test("a system that forbids to list its interfaces listens on IPv4 alone", () => {
    vi.spyOn(os, "networkInterfaces").mockImplementation(() => {
      throw new Error("EAFNOSUPPORT");
    });
    syncBuiltinESMExports();
    // The mock is over by then.
    onTestFinished(() => syncBuiltinESMExports());
    expect(listenHost({ settings: { port: 0, allow_clients: ["fd00::1"] }, host: "127.0.0.1" })).toBe("0.0.0.0");
  });

  test("a client that is not an address is refused at the start", async () => {
    await expect(
      serveWyoming(undefined, { wyoming: { port: 0, allow_clients: ["home.local"] } }),
    ).rejects.toMatchObject({ code: "listen-failed", message: expect.stringContaining('"home.local"') });
  });
});
