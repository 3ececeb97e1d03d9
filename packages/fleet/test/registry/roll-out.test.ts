import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { agentTopics } from "@nanoagent/server/mqtt";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { openForTest, patience } from "../../../server/test/mqtt/opened-broker.js";
import { fetchBundle } from "../../src/offers/fetch-bundle.js";
import { openRegistry } from "../../src/registry/open-registry.js";
import type { Registry } from "../../src/registry/registry.js";
import { type RollOutOptions, rollOut } from "../../src/registry/roll-out.js";
import type { RollOutEvent, RollOutResult } from "../../src/registry/roll-out-event.js";
import { parseSelector } from "../../src/registry/selector.js";
import { type BundleParts, temporaryFolder, testKey } from "../bundle/bundle-parts.js";
import { sendRange, serveFile } from "../offers/file-server.js";
import { files, key, signedBundle, type TestBundle } from "../offers/offer-parts.js";
import { applies, FakeDevice, type FakeDeviceOptions, fails } from "./fake-device.js";
import { cardText, publishAll } from "./fleet-cards.js";

interface BundleInFile extends TestBundle {
  readonly file: string;
}

/** A bundle of three pieces. */
function bundleInFile(sequence = 7, parts: BundleParts = {}): BundleInFile {
  const bundle = signedBundle({ files: files(6, 70_000), change: { sequence }, ...parts });
  const file = path.join(temporaryFolder(), "garden.bundle");
  writeFileSync(file, bundle.bytes);
  return { ...bundle, file };
}

async function connect(url: string, id: string) {
  const { broker } = await openForTest({ url, client_id: id }, { keepsSession: false });
  return broker;
}

async function registryAt({ url }: Mosquitto): Promise<Registry> {
  const registry = await openRegistry(await connect(url, `operator-${Math.random()}`));
  onTestFinished(() => registry.close());
  return registry;
}

async function startDevices(
  { url }: Mosquitto,
  count: number,
  options: (index: number) => FakeDeviceOptions = () => ({}),
): Promise<FakeDevice[]> {
  const ids = Array.from({ length: count }, (_, index) => `kiosk-${String(index + 1).padStart(2, "0")}`);
  return Promise.all(ids.map((id, index) => FakeDevice.start(url, id, options(index))));
}

/** Answers as a program of somebody else does. */
async function sayPlainly({ id, connection }: FakeDevice, answer: object): Promise<void> {
  await connection.publish(agentTopics(id).update, JSON.stringify(answer), { retain: true });
}

interface Followed {
  readonly events: RollOutEvent[];
  readonly result: RollOutResult;
}

async function follow(
  registry: Registry,
  options: Partial<RollOutOptions> & { file: string },
  onEvent: (event: RollOutEvent) => void = () => {},
): Promise<Followed> {
  const selector = parseSelector("all");
  const run = rollOut(registry, { selector, patienceSeconds: 20, signal: new AbortController().signal, ...options });
  const events: RollOutEvent[] = [];
  for (;;) {
    const { done, value } = await run.next();
    if (done) return { events, result: value };
    events.push(value);
    onEvent(value);
  }
}

/** Topics of offers and pieces that the broker keeps, without the prefix. */
async function keptAt({ url }: Mosquitto): Promise<string[]> {
  const broker = await connect(url, `reader-${Math.random()}`);
  const kept = new Set<string>();
  let isMarked = false;
  broker.subscribe("mark", async () => {
    isMarked = true;
  });
  broker.subscribe("nanoagent/+/offer", async ({ topic }) => void kept.add(topic.slice(10)), { acknowledged: false });
  broker.subscribe("nanoagent/bundle/+/+", async ({ topic }) => void kept.add(topic.slice(10)));
  broker.ready();
  await vi.waitFor(() => expect(broker.isConnected).toBe(true), patience);
  await vi.waitFor(async () => {
    await broker.publish("mark", "here");
    expect(isMarked).toBe(true);
  }, patience);
  await broker.close();
  return [...kept].sort();
}

function offersTo(...ids: string[]): string[] {
  return ids.map((id) => `${id}/offer`);
}

function piecesOf({ head, bytes }: TestBundle): string[] {
  const count = Math.ceil(bytes.length / (120 * 1024));
  return Array.from({ length: count }, (_, index) => `bundle/${head.manifestSha256}/${index}`);
}

describe.skipIf(!hasMosquitto)("a roll-out at Mosquitto (needs mosquitto and mosquitto-clients)", () => {
  test("goes to a canary first, then to the others, not too many at the same time", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    let working = 0;
    let most = 0;
    const script: FakeDeviceOptions["script"] = async (device, offer) => {
      working += 1;
      most = Math.max(most, working);
      await device.say(offer, { state: "proving" });
      working -= 1;
      await device.apply(offer);
    };
    const devices = await startDevices(mosquitto, 8, () => ({ script }));
    const seen: string[] = [];
    const { result, events } = await follow(await registryAt(mosquitto), { file: bundle.file, atOnce: 3 }, (event) => {
      if (event.type === "agent-offer") seen.push(event.id);
      if (event.type === "canaries-applied") expect(seen).toEqual(["kiosk-01"]);
    });
    const { name, version } = bundle.head.manifest;
    expect(result).toEqual({
      state: "done",
      name,
      version,
      sequence: 7,
      manifest_sha256: bundle.head.manifestSha256,
      applied: devices.map(({ id }) => id),
      failed: [],
      waiting: [],
      not_offered: [],
      skipped: [],
    });
    expect(most).toBeLessThanOrEqual(3);
    expect(devices.map(({ sequences }) => sequences)).toEqual(devices.map(() => [7]));
    expect(events.filter(({ type }) => type === "canaries-applied")).toHaveLength(1);
    expect(await keptAt(mosquitto)).toEqual([...piecesOf(bundle), ...offersTo(...devices.map(({ id }) => id))].sort());
    // The same again has nothing to do.
    const again = await follow(await registryAt(mosquitto), { file: bundle.file });
    expect(again.result.applied).toHaveLength(8);
    expect(again.events.map(({ type }) => type)).toEqual(["roll-out-begin"]);
    // The next bundle takes the place of the first one.
    const next = bundleInFile(8);
    const after = await follow(await registryAt(mosquitto), { file: next.file });
    expect(after.result.state).toBe("done");
    expect(after.events.filter(({ type }) => type === "pieces-removal")).toHaveLength(1);
    expect(await keptAt(mosquitto)).toEqual([...piecesOf(next), ...offersTo(...devices.map(({ id }) => id))].sort());
  });

  test.each(["refused", "rolled-back"] as const)(
    "stops at a canary that has %s it, and nobody else gets it",
    async (state) => {
      await using mosquitto = await Mosquitto.start();
      const bundle = bundleInFile();
      const devices = await startDevices(mosquitto, 6, (index) =>
        index === 0 ? { script: fails(state, "A door is open.") } : {},
      );
      // A canary's failure counts whatever is allowed later.
      const { result, events } = await follow(await registryAt(mosquitto), { file: bundle.file, maxFailures: 3 });
      expect(result).toMatchObject({
        state: "stopped",
        applied: [],
        failed: [{ id: "kiosk-01", reason: "A door is open." }],
      });
      expect(result.not_offered).toEqual(devices.slice(1).map(({ id }) => id));
      expect(devices.map(({ sequences }) => sequences)).toEqual([[7, null], [], [], [], [], []]);
      expect(events.some(({ type }) => type === "canaries-applied")).toBe(false);
      expect(await keptAt(mosquitto)).toEqual([]);
      // The same again asks the canary again.
      const [canary] = devices;
      if (canary !== undefined) canary.script = applies;
      const again = await follow(await registryAt(mosquitto), { file: bundle.file });
      expect(again.result).toMatchObject({ state: "done", failed: [], not_offered: [] });
      expect(again.result.applied).toHaveLength(6);
    },
  );

  test("stops when too many fail, and withdraws offers that nobody has used", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    // 2 and 3 fail, 4 works on it for ever, 5 changes to it.
    const devices = await startDevices(mosquitto, 9, (index) => {
      if (index === 1 || index === 2) return { script: fails("refused", "The disk is full.") };
      if (index === 3) return { script: (device, offer) => device.say(offer, { state: "fetching", progress: 0.1 }) };
      if (index === 4) return { script: (device, offer) => device.say(offer, { state: "starting" }) };
      return {};
    });
    const stopped = await follow(await registryAt(mosquitto), { file: bundle.file, maxFailures: 1, atOnce: 4 });
    expect(stopped.result.state).toBe("stopped");
    expect(stopped.result.failed.map(({ id }) => id)).toEqual(["kiosk-02", "kiosk-03"]);
    expect(stopped.result.waiting).toEqual(["kiosk-05"]);
    expect(stopped.result.not_offered).toContain("kiosk-04");
    await vi.waitFor(() => expect(devices[3]?.sequences).toEqual([7, null]), patience);
    const kept = await keptAt(mosquitto);
    expect(kept).toEqual([...piecesOf(bundle), ...offersTo(...stopped.result.applied)].sort());
  });

  test("leaves the pieces of an upload that goes on, and takes those of one that ended an hour ago", async () => {
    await using mosquitto = await Mosquitto.start();
    await startDevices(mosquitto, 1);
    const other = await connect(mosquitto.url, "other-operator");
    other.ready();
    const claimed = async (digit: string, at: number) => {
      const base = `nanoagent/bundle/${digit.repeat(64)}`;
      const claim = JSON.stringify({ format: 1, at: new Date(at).toISOString() });
      await publishAll(other, [
        [`${base}/claim`, claim],
        [`${base}/0`, "nanoagent-bundle 1"],
      ]);
    };
    await claimed("a", Date.now() - 10 * 60_000);
    await claimed("b", Date.now() - 61 * 60_000);
    const bundle = bundleInFile();
    const told: string[] = [];
    other.subscribe(`nanoagent/bundle/${bundle.head.manifestSha256}/+`, async ({ topic, payload }) => {
      told.push(`${topic.split("/").at(-1)}${payload.length === 0 ? " cleared" : ""}`);
    });
    const { events } = await follow(await registryAt(mosquitto), { file: bundle.file });
    await vi.waitFor(() => expect(told.at(-1)).toBe("claim cleared"), patience);
    expect(told[0]).toBe("claim");
    expect(events.filter(({ type }) => type === "pieces-removal")).toEqual([
      { type: "pieces-removal", manifest_sha256: "b".repeat(64) },
    ]);
    const left = ["0", "claim"].map((level) => `bundle/${"a".repeat(64)}/${level}`);
    expect(await keptAt(mosquitto)).toEqual([...piecesOf(bundle), ...offersTo("kiosk-01"), ...left].sort());
  });

  test("goes on while few enough fail", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    await startDevices(mosquitto, 5, (index) => (index === 3 ? { script: fails("refused", "No room.") } : {}));
    const { result } = await follow(await registryAt(mosquitto), { file: bundle.file, maxFailures: 1 });
    expect(result).toMatchObject({ state: "done", failed: [{ id: "kiosk-04", reason: "No room." }], not_offered: [] });
    expect(await keptAt(mosquitto)).not.toContain("kiosk-04/offer");
  });

  test("takes answers that have only a sequence, a state and a reason, if they come after the offer", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    const answers = (state: string, reason: string | null): FakeDeviceOptions => ({
      script: (device, { sequence }) => sayPlainly(device, { sequence, state, reason }),
    });
    const [first] = await startDevices(mosquitto, 3, (index) =>
      index === 2 ? answers("refused", "No room.") : answers("applied", null),
    );
    // An answer to an earlier offer of this sequence stands at the broker.
    if (first !== undefined) await sayPlainly(first, { sequence: 7, state: "refused", reason: "Too old." });
    const options = { file: bundle.file, maxFailures: 1 };
    const { result } = await follow(await registryAt(mosquitto), options);
    expect(result).toMatchObject({ state: "done", applied: ["kiosk-01", "kiosk-02"] });
    expect(result.failed).toEqual([{ id: "kiosk-03", reason: "No room." }]);
    // The same answer again is one to the second offer.
    await first?.publishCard(7);
    const again = await follow(await registryAt(mosquitto), { ...options, patienceSeconds: 5 });
    expect(again.result).toMatchObject({ applied: ["kiosk-01", "kiosk-02"], failed: result.failed });
    expect(first?.sequences).toEqual([7]);
  });

  test("takes no answer with the hash of the bundle and another sequence", async () => {
    await using mosquitto = await Mosquitto.start();
    const script: FakeDeviceOptions["script"] = (device, offer) => device.say(offer, { sequence: 6 });
    await startDevices(mosquitto, 1, () => ({ script }));
    const { result } = await follow(await registryAt(mosquitto), { file: bundleInFile().file, patienceSeconds: 1 });
    expect(result.failed).toEqual([{ id: "kiosk-01", reason: "It gave no sign for 1 s." }]);
  });

  test("takes an agent that is silent or gone for a failure", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    await startDevices(mosquitto, 3, (index) => {
      if (index === 1) return { script: async () => {} };
      if (index === 2)
        return {
          script: async (device, offer) =>
            device.say(offer, { state: "waiting", reason: "No network." }).then(() => device.leave()),
        };
      return {};
    });
    const { result } = await follow(await registryAt(mosquitto), {
      file: bundle.file,
      patienceSeconds: 1,
      maxFailures: 5,
    });
    expect(result.state).toBe("done");
    expect(result.failed).toEqual([
      { id: "kiosk-02", reason: "It gave no sign for 1 s." },
      { id: "kiosk-03", reason: "It went offline, for more than 1 s. Its last state was waiting: No network." },
    ]);
  });

  test("takes an agent that waits for the same thing again and again for a failure", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    let isOver = false;
    await startDevices(mosquitto, 1, () => ({
      script: async (device, offer) => {
        for (let at = 10; !isOver; at++) {
          const time = `2026-11-30T08:00:${at}.000Z`;
          await device.say(offer, { state: "fetching", progress: 0, at: time });
          await device.say(offer, { state: "waiting", reason: "The server answers with 404.", at: time });
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      },
    }));
    const { result, events } = await follow(await registryAt(mosquitto), { file: bundle.file, patienceSeconds: 2 });
    isOver = true;
    expect(result).toMatchObject({
      state: "stopped",
      failed: [{ id: "kiosk-01", reason: "It waits: The server answers with 404." }],
    });
    const told = events.filter((event) => event.type === "agent-update" && event.state === "waiting");
    expect(told).toHaveLength(1);
  });

  test("reaches agents that are offline when they come back", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    const [, second, third] = await startDevices(mosquitto, 3);
    await second?.leave();
    await third?.leave();
    const { result } = await follow(await registryAt(mosquitto), { file: bundle.file });
    expect(result).toMatchObject({ state: "done", applied: ["kiosk-01"], waiting: ["kiosk-02", "kiosk-03"] });
    const folder = temporaryFolder();
    let fetched: Promise<string> | null = null;
    const back = await FakeDevice.start(mosquitto.url, "kiosk-02", {
      script: async (device, offer) => {
        const parts = { offer, broker: device.connection, prefix: "nanoagent", folder, keys: [key.publicPem] };
        // It comes twice: from the session, and since it is retained.
        fetched ??= fetchBundle({ ...parts, signal: new AbortController().signal });
        await fetched;
        await device.apply(offer);
      },
    });
    await back.offered();
    expect(readFileSync((await fetched) ?? "").equals(bundle.bytes)).toBe(true);
    // The same again waits for the last one only.
    const again = await follow(await registryAt(mosquitto), { file: bundle.file });
    expect(again.result).toMatchObject({ state: "done", applied: ["kiosk-01", "kiosk-02"], waiting: ["kiosk-03"] });
  });

  test("stays with canaries that are offline", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    for (const device of await startDevices(mosquitto, 3)) await device.leave();
    const { result } = await follow(await registryAt(mosquitto), { file: bundle.file });
    expect(result).toMatchObject({ state: "unproven", waiting: ["kiosk-01"], not_offered: ["kiosk-02", "kiosk-03"] });
    const one = await follow(await registryAt(mosquitto), { file: bundle.file, selector: parseSelector("kiosk-01") });
    expect(one.result).toMatchObject({ state: "unproven", waiting: ["kiosk-01"], not_offered: [] });
    expect(await keptAt(mosquitto)).toEqual([...piecesOf(bundle), "kiosk-01/offer"]);
  });

  test("can be interrupted, and the same again continues without disturbing anybody", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const devices = await startDevices(mosquitto, 4, (index) => {
      if (index !== 0) return {};
      return {
        script: async (device, offer) => {
          await device.say(offer, { state: "fetching", progress: 0.2 });
          await finished;
          await device.apply(offer);
        },
      };
    });
    const stop = new AbortController();
    const interrupted = await follow(
      await registryAt(mosquitto),
      { file: bundle.file, signal: stop.signal },
      (event) => {
        if (event.type === "agent-update") stop.abort(new Error("Ctrl-C"));
      },
    );
    expect(interrupted.result).toMatchObject({
      state: "interrupted",
      applied: [],
      waiting: ["kiosk-01"],
      not_offered: ["kiosk-02", "kiosk-03", "kiosk-04"],
    });
    expect(await keptAt(mosquitto)).toEqual([...piecesOf(bundle), "kiosk-01/offer"]);
    const { result } = await follow(await registryAt(mosquitto), { file: bundle.file }, (event) => {
      if (event.type === "agent-offer" && event.id === "kiosk-01") finish();
    });
    expect(result.state).toBe("done");
    expect(result.applied).toHaveLength(4);
    expect(devices.map(({ sequences }) => sequences)).toEqual([[7], [7], [7], [7]]);
  });

  test("leaves out agents with newer bundles, and is refused if all have them", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    const [first] = await startDevices(mosquitto, 3, (index) => ({ sequence: index === 0 ? 9 : null }));
    const { result } = await follow(await registryAt(mosquitto), { file: bundle.file });
    expect(result).toMatchObject({ state: "done", applied: ["kiosk-02", "kiosk-03"] });
    expect(result.skipped).toEqual([{ id: "kiosk-01", reason: "It has applied sequence 9 already." }]);
    const older = bundleInFile(5);
    await expect(follow(await registryAt(mosquitto), { file: older.file })).rejects.toMatchObject({
      code: "bundle-outdated",
      reason: expect.stringContaining("kiosk-02: It has applied sequence 7 already."),
    });
    expect(first?.offers).toEqual([]);
  });

  test("leaves out agents that take no updates, and is refused if no other is left", async () => {
    await using mosquitto = await Mosquitto.start();
    const [, closed] = await startDevices(mosquitto, 2);
    await closed?.connection.publish("nanoagent/kiosk-02/card", cardText("kiosk-02", { takes_updates: false }), {
      retain: true,
    });
    const { file } = bundleInFile();
    const registry = await registryAt(mosquitto);
    const { result } = await follow(registry, { file });
    expect(result).toMatchObject({ state: "done", applied: ["kiosk-01"], waiting: [] });
    expect(result.skipped).toEqual([{ id: "kiosk-02", reason: expect.stringContaining("takes no updates") }]);
    expect(closed?.offers).toEqual([]);
    await expect(follow(registry, { file, selector: parseSelector("updates=false") })).rejects.toMatchObject({
      code: "bundle-unsuitable",
      reason: expect.stringContaining("kiosk-02: It takes no updates"),
    });
  });

  test("is refused before anything is published", async () => {
    await using mosquitto = await Mosquitto.start();
    const [device] = await startDevices(mosquitto, 1);
    const registry = await registryAt(mosquitto);
    const { file, bytes } = bundleInFile();
    const refused = async (options: Partial<RollOutOptions> & { file: string }, code: string) =>
      expect(follow(registry, options)).rejects.toMatchObject({ code });
    await refused({ file, selector: parseSelector("site=nowhere") }, "agent-not-registered");
    await refused({ file, keys: [testKey().publicPem] }, "bundle-untrusted");
    await refused({ file, url: "ftp://example.com/" }, "bundle-unreadable");
    await refused({ file: `${file}.not` }, "bundle-unreadable");
    const { file: unsigned } = bundleInFile(7, { signatures: "[]" });
    await refused({ file: unsigned }, "bundle-untrusted");
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length - 5] = 0;
    writeFileSync(file, damaged);
    await refused({ file, keys: [key.publicPem] }, "bundle-malformed");
    expect(device?.offers).toEqual([]);
    expect(await keptAt(mosquitto)).toEqual([]);
  });

  test("may name an address, and then there are no pieces", async () => {
    await using mosquitto = await Mosquitto.start();
    const [device] = await startDevices(mosquitto, 1);
    const { file, bytes } = bundleInFile();
    const { url } = await serveFile((request, response) => sendRange(request, response, bytes));
    const { result, events } = await follow(await registryAt(mosquitto), { file, url });
    expect(result.state).toBe("done");
    expect(events.map(({ type }) => type)).not.toContain("address-unchecked");
    expect(device?.offers[0]?.from).toEqual({ url });
    expect(await keptAt(mosquitto)).toEqual(["kiosk-01/offer"]);
  });

  test("is refused if the address has no file, or another one", async () => {
    await using mosquitto = await Mosquitto.start();
    const [device] = await startDevices(mosquitto, 1);
    const { file, bytes } = bundleInFile();
    const { url } = await serveFile((request, response) => {
      if (request.url === "/short") return sendRange(request, response, bytes.subarray(1));
      response.writeHead(404).end();
    });
    const registry = await registryAt(mosquitto);
    await expect(follow(registry, { file, url })).rejects.toMatchObject({
      code: "bundle-unreadable",
      reason: "The server answers with 404.",
      hint: expect.stringContaining("--url"),
    });
    await expect(follow(registry, { file, url: new URL("/short", url).href })).rejects.toMatchObject({
      code: "bundle-unreadable",
      reason: `The file there has ${bytes.length - 1} bytes, and the bundle has ${bytes.length}.`,
    });
    expect(device?.offers).toEqual([]);
    expect(await keptAt(mosquitto)).toEqual([]);
  });

  test("goes on with a note if only the agents may reach the address", async () => {
    await using mosquitto = await Mosquitto.start();
    await startDevices(mosquitto, 1);
    const { file } = bundleInFile();
    const { result, events } = await follow(await registryAt(mosquitto), { file, url: "http://127.0.0.1:1/garden" });
    expect(result.state).toBe("done");
    expect(events).toContainEqual({
      type: "address-unchecked",
      reason: "127.0.0.1:1 cannot be reached from here. The server does not accept connections.",
    });
  });

  test("says that the user may not publish pieces, and nothing about their size", async () => {
    const folder = temporaryFolder();
    const acl = path.join(folder, "acl");
    writeFileSync(acl, "topic readwrite nanoagent/+/+\ntopic read nanoagent/#\n", { mode: 0o600 });
    await using mosquitto = await Mosquitto.start([`acl_file ${acl}`]);
    const [device] = await startDevices(mosquitto, 1);
    const { file } = bundleInFile();
    const refused = follow(await registryAt(mosquitto), { file });
    await expect(refused).rejects.toMatchObject({
      code: "broker-refused",
      message: expect.stringContaining("may not publish there"),
      hint: expect.not.stringContaining("--url"),
    });
    expect(device?.offers).toEqual([]);
  });

  // The first limit is told at the connection, and the second one only in the answer to a message.
  test.each(["max_packet_size 100000", "message_size_limit 60000"])(
    "says what to do when the broker does not take pieces, because of its %s",
    async (limit) => {
      await using mosquitto = await Mosquitto.start([limit]);
      const [device] = await startDevices(mosquitto, 1);
      const { file } = bundleInFile();
      await expect(follow(await registryAt(mosquitto), { file })).rejects.toMatchObject({
        code: "broker-refused",
        hint: expect.stringContaining("--url"),
      });
      expect(device?.offers).toEqual([]);
    },
  );

  test("goes on after the broker restarted", async () => {
    await using mosquitto = await Mosquitto.start();
    const bundle = bundleInFile();
    let restarted: Promise<void> | null = null;
    const restart = async () => {
      await mosquitto.end("SIGTERM");
      await mosquitto.startAgain();
    };
    await startDevices(mosquitto, 3, (index) => {
      if (index !== 0) return {};
      return {
        script: async (device, offer) => {
          // The broker gives the offer again after its restart.
          restarted ??= restart();
          await restarted;
          await device.apply(offer);
        },
      };
    });
    const { result } = await follow(await registryAt(mosquitto), { file: bundle.file, patienceSeconds: 20 });
    expect(result).toMatchObject({ state: "done", failed: [] });
  });

  test("reaches more agents than the broker queues messages", async () => {
    await using mosquitto = await Mosquitto.start(["persistence false"]);
    const publisher = await connect(mosquitto.url, "publisher");
    publisher.ready();
    const ids = Array.from({ length: 1200 }, (_, index) => `shelf-${String(index).padStart(4, "0")}`);
    await publishAll(
      publisher,
      ids.flatMap((id) => [
        [agentTopics(id).card, cardText(id)],
        [agentTopics(id).status, "offline"],
      ]),
    );
    const [device] = await startDevices(mosquitto, 1);
    const first = bundleInFile();
    const { result } = await follow(await registryAt(mosquitto), { file: first.file });
    expect([result.state, result.applied, result.waiting.length]).toEqual(["done", ["kiosk-01"], ids.length]);
    const kept = await keptAt(mosquitto);
    expect(kept).toHaveLength(ids.length + 1 + piecesOf(first).length);
    // Only one gets the next one, so the pieces of the first stay for all others.
    const next = bundleInFile(8);
    await follow(await registryAt(mosquitto), { file: next.file, selector: parseSelector("kiosk-01") });
    expect(device?.sequences).toEqual([7, 8]);
    expect((await keptAt(mosquitto)).filter((topic) => topic.startsWith("bundle/"))).toEqual(
      [...piecesOf(first), ...piecesOf(next)].sort(),
    );
  });
});
