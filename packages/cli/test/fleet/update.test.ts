import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder, testKey } from "../../../fleet/test/bundle/bundle-parts.js";
import { files, key, signedBundle } from "../../../fleet/test/offers/offer-parts.js";
import { FakeDevice, type FakeDeviceOptions, fails } from "../../../fleet/test/registry/fake-device.js";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { patience } from "../../../server/test/mqtt/opened-broker.js";
import { runFleet, startFleet } from "./run-fleet.js";

function writeBundle(): { file: string; trust: string } {
  const folder = temporaryFolder();
  const file = path.join(folder, "garden.bundle");
  writeFileSync(file, signedBundle({ files: files(4, 70_000) }).bytes);
  const trust = path.join(folder, "fleet.pub");
  writeFileSync(trust, key.publicPem);
  return { file, trust };
}

function start({ url }: Mosquitto, count: number, options: (index: number) => FakeDeviceOptions = () => ({})) {
  const ids = Array.from({ length: count }, (_, index) => `kiosk-${index + 1}`);
  return Promise.all(ids.map((id, index) => FakeDevice.start(url, id, options(index))));
}

beforeEach(() => {
  vi.stubEnv("NANOAGENT_BROKER", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("nanoagent fleet update", () => {
  test.each<[string, string[], string]>([
    ["a bundle that is missing", ["all", "/nowhere/garden.bundle"], "The bundle /nowhere/garden.bundle is not a file."],
    ["a key that is missing", ["all", "FILE", "--trust", "/nowhere/key.pub"], "The key /nowhere/key.pub in --trust"],
    ["half a failure", ["all", "FILE", "--max-failures", "0.5"], "--max-failures takes a number of agents"],
    ["half a canary", ["all", "FILE", "--canary", "1.5"], "--canary takes a number of agents"],
    ["no selector", ["site=", "FILE"], "The selector"],
    [
      "an address of FTP",
      ["all", "FILE", "--url", "ftp://x/y"],
      "--url is not an address that agents can download from.",
    ],
    ["a file as the address", ["all", "FILE", "--url", "file:///tmp/x"], "It does not begin with http:// or https://."],
    ["a password in the address", ["all", "FILE", "--url", "http://a:b@x/y"], "It contains a user name or a password."],
  ])("refuses %s before it connects", async (_, args, message) => {
    const { file } = writeBundle();
    const place = args.map((arg) => (arg === "FILE" ? file : arg));
    const run = await runFleet(["update", ...place, "--broker", "mqtt://127.0.0.1:9"]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(message);
  });
});

describe.skipIf(!hasMosquitto)("nanoagent fleet update at Mosquitto (needs mosquitto)", () => {
  test("shows who has applied it, and with --json each event and the result", async () => {
    await using broker = await Mosquitto.start();
    const { file, trust } = writeBundle();
    const [, , third] = await start(broker, 3);
    await third?.leave();
    const run = await runFleet(["update", "all", file, "--trust", trust, "--broker", broker.url]);
    expect(run.stdout).toBe(
      "applied:        2  kiosk-1, kiosk-2\nwaiting:        1  kiosk-3\nAgents that wait update when they are online.\n",
    );
    expect(run.stderr.split("\n").slice(0, -1)).toEqual([
      "Bundle garden 1.0.0, sequence 7, for 3 agents, first kiosk-1.",
      "kiosk-1: applied",
      "The first agents have applied it. Now the others get it.",
      "kiosk-3: offline, it updates when it is back",
      "kiosk-2: applied",
    ]);
    expect(run.exitCode).toBe(0);
    const again = await runFleet(["update", "all", file, "--json", "--broker", broker.url]);
    const events = again.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: "roll-out-begin", applied: ["kiosk-1", "kiosk-2"], others: ["kiosk-3"] });
    expect(events.at(-1)).toMatchObject({ type: "roll-out-end", state: "done", waiting: ["kiosk-3"] });
    expect(again.stderr).toBe("");
  });

  test("exits with 1 if all selected agents are offline, also a single one", async () => {
    await using broker = await Mosquitto.start();
    const { file } = writeBundle();
    for (const device of await start(broker, 1)) await device.leave();
    const run = await runFleet(["update", "all", file, "--broker", broker.url]);
    expect(run.stdout).toBe(
      "applied:        0\nwaiting:        1  kiosk-1\nAll of them are offline, so nothing is proved. Run the same command again when one of them is online.\n",
    );
    expect(run.exitCode).toBe(1);
  });

  test("stops at a bad canary with 1", async () => {
    await using broker = await Mosquitto.start();
    const { file } = writeBundle();
    const devices = await start(broker, 3, (index) =>
      index === 0 ? { script: fails("rolled-back", "Bad\u001b[2J.") } : {},
    );
    const run = await runFleet(["update", "all", file, "--broker", broker.url]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain("failed:         1  kiosk-1\nnot offered:    2  kiosk-2, kiosk-3\nStopped,");
    expect(run.stderr).toContain("kiosk-1: failed: Bad");
    expect(run.stderr).not.toContain("\u001b[2J");
    expect(devices.slice(1).flatMap(({ offers }) => offers)).toEqual([]);
  });

  test("says at Ctrl-C how to continue", async () => {
    await using broker = await Mosquitto.start();
    const { file } = writeBundle();
    const [device] = await start(broker, 2, () => ({ script: (one, offer) => one.say(offer, { state: "fetching" }) }));
    const run = startFleet(["update", "all", file, "--broker", broker.url]);
    await device?.offered();
    run.stop();
    expect(await run.exitCode).toBe(130);
    expect(run.stdout).toContain("Interrupted. Agents that have the offer go on by themselves.");
  });

  test("refuses a bundle of another key with 1", async () => {
    await using broker = await Mosquitto.start();
    const { file, trust } = writeBundle();
    writeFileSync(trust, testKey().publicPem);
    const [device] = await start(broker, 1);
    const run = await runFleet(["update", "all", file, "--trust", trust, "--broker", broker.url]);
    expect([run.exitCode, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toMatch(/^error: /);
    await vi.waitFor(() => expect(device?.offers).toEqual([]), patience);
  });
});
