import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { hasMosquitto, Mosquitto } from "./mosquitto.js";
import { ActingClient, bundleActingClient } from "./start-acting-client.js";

const namespace = `nanoagent-${process.pid}`;
const cable = `nano${process.pid % 10_000}`;
const BROKER = "10.213.7.1";
const CLIENT = "10.213.7.2";

function ip(...args: string[]): boolean {
  return spawnSync("ip", args, { stdio: "ignore" }).status === 0;
}

/** Makes a network namespace that a cable connects to this one. Returns false where that is not allowed. */
function makeNamespace(): boolean {
  const inside = ["-n", namespace];
  return (
    ip("netns", "add", namespace) &&
    ip("link", "add", `${cable}a`, "type", "veth", "peer", "name", `${cable}b`) &&
    ip("link", "set", `${cable}b`, "netns", namespace) &&
    ip("addr", "add", `${BROKER}/24`, "dev", `${cable}a`) &&
    ip("link", "set", `${cable}a`, "up") &&
    ip(...inside, "addr", "add", `${CLIENT}/24`, "dev", `${cable}b`) &&
    ip(...inside, "link", "set", `${cable}b`, "up") &&
    ip(...inside, "link", "set", "lo", "up")
  );
}

function removeNamespace(): void {
  ip("link", "delete", `${cable}a`);
  ip("netns", "delete", namespace);
}

const canCut = hasMosquitto && makeNamespace();
removeNamespace();

describe.skipIf(!canCut)("a network that is cut (needs mosquitto, and root for a network namespace)", () => {
  test("messages of the time without a network arrive after it, in order", async () => {
    expect(makeNamespace()).toBe(true);
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-cut-"));
    onTestFinished(() => {
      removeNamespace();
      rmSync(folder, { recursive: true, force: true });
    });
    await using mosquitto = await Mosquitto.start(["listener PORT 0.0.0.0"]);
    const url = `mqtt://${BROKER}:${mosquitto.port}`;
    const program = await bundleActingClient(folder);
    const client = new ActingClient(program, folder, url, "auto", ["ip", "netns", "exec", namespace]);
    onTestFinished(() => client.end("SIGKILL"));
    await client.connected();
    await mosquitto.publish("load/1", ["1"]);
    await vi.waitFor(() => expect(client.saved).toContain("1"), { timeout: 20_000 });
    for (let cut = 2; cut <= 3; cut++) {
      expect(ip("link", "set", `${cable}a`, "down")).toBe(true);
      await mosquitto.publish("load/1", [`${cut}a`, `${cut}b`]);
      // Longer than the keep-alive time, so that the client must notice it.
      await vi.waitFor(() => expect(client.output.endsWith("away\n")).toBe(true), { timeout: 20_000 });
      expect(ip("link", "set", `${cable}a`, "up")).toBe(true);
      await vi.waitFor(() => expect(client.saved).toContain(`${cut}b`), { timeout: 40_000 });
    }
    expect([...new Set(client.saved)]).toEqual(["1", "2a", "2b", "3a", "3b"]);
  }, 120_000);
});
