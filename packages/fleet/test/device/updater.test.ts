import { open, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readHead } from "../../src/bundle/read-head.js";
import { makeKeyPair, openReleases, type Releases } from "../../src/bundles.js";
import { type FetchOffered, Updater } from "../../src/device/updater.js";
import type { UpdaterHost } from "../../src/device/updater-host.js";
import { FleetError } from "../../src/fleet-error.js";
import type { BundleOffer } from "../../src/offers/bundle-offer.js";
import { makeOffer } from "../../src/offers/make-offer.js";
import { keys, ScratchDevice } from "../releases/scratch-device.js";

const trusted = keys.map(({ line }) => line);
const never = new AbortController().signal;
/** A proof that ends with its signal alone. */
const endless = async (signal: AbortSignal) => {
  signal.throwIfAborted();
  return new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
};
const byHand = { signal: never, onStep: () => {} };

/** A host whose steps can be replaced, and which notes what happened. */
class Host implements UpdaterHost {
  readonly version = "0.1.0";
  readonly models = null;
  readonly done: string[] = [];
  reach: readonly string[] = [];
  onProve: (signal: AbortSignal) => Promise<string | null> = () => Promise.resolve(null);
  onWatch: () => Promise<void> = () => Promise.resolve();

  check(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  checkReach(): Promise<readonly string[]> {
    return Promise.resolve(this.reach);
  }

  prove(_: unknown, signal: AbortSignal): Promise<string | null> {
    return this.onProve(signal);
  }

  readonly change: UpdaterHost["change"] = async (steps) => {
    this.done.push("close");
    try {
      await steps.prove();
      await steps.moveOn();
      this.done.push("open");
      await this.onWatch();
    } catch (error) {
      await steps.moveBack();
      this.done.push("reopen");
      throw error;
    }
  };
}

async function offerOf(file: string): Promise<BundleOffer> {
  const handle = await open(file, "r");
  try {
    return makeOffer(await readHead(handle), { url: "http://127.0.0.1:1/bundle" });
  } finally {
    await handle.close();
  }
}

class Device {
  readonly scratch: ScratchDevice;
  readonly host = new Host();
  readonly notices: string[] = [];
  readonly states: string[] = [];
  trust: readonly string[] = trusted;
  releases: Releases | null = null;
  #updater: Updater | null = null;

  private constructor(scratch: ScratchDevice) {
    this.scratch = scratch;
  }

  static async make(): Promise<Device> {
    const device = new Device(await ScratchDevice.make());
    await device.scratch.applyNew(1);
    await device.start();
    onTestFinished(() => device.stop());
    return device;
  }

  get updater(): Updater {
    if (this.#updater === null) throw new Error("not started");
    return this.#updater;
  }

  async start(): Promise<void> {
    this.releases = await openReleases(this.scratch.root);
    const updater = await Updater.open({
      releases: this.releases,
      host: this.host,
      trust: () => this.trust,
      onNotice: ({ message }) => this.notices.push(message),
    });
    updater.onChange(() => {
      const { state = "" } = updater.last ?? {};
      if (this.states.at(-1) !== state) this.states.push(state);
    });
    this.#updater = updater;
  }

  async stop(): Promise<void> {
    await this.#updater?.close();
    await this.releases?.close();
    this.releases = null;
  }

  async offer(
    file: string,
    { isNew = true, fetch = () => Promise.resolve(file) }: { isNew?: boolean; fetch?: FetchOffered } = {},
  ) {
    this.updater.take(await offerOf(file), fetch, { isNew });
  }

  async until(state: string): Promise<void> {
    await vi.waitFor(() => expect(this.updater.last?.state).toBe(state), { timeout: 20_000 });
  }
}

/** A promise with its ends. */
function gate<Value>() {
  let pass: (value: Value) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<Value>((resolve, reject) => {
    pass = resolve;
    fail = reject;
  });
  return { promise, pass, fail };
}

describe("an offer", () => {
  test("is fetched, applied and told step by step, once", async () => {
    const device = await Device.make();
    const file = await device.scratch.bundle({ sequence: 2 });
    await device.offer(file);
    await device.until("applied");
    expect(device.states).toEqual(["fetching", "verifying", "checking", "proving", "starting", "applied"]);
    expect(await device.scratch.link()).toBe("releases/2");
    expect(device.host.done).toEqual(["close", "open"]);
    // The broker keeps it, so it comes again at every connection.
    await device.offer(file, { isNew: false, fetch: () => Promise.reject(new Error("fetched again")) });
    expect(device.updater.last).toMatchObject({ sequence: 2, state: "applied", reason: null, progress: null });
    // And after a restart.
    await device.stop();
    await device.start();
    expect(device.updater.last).toMatchObject({ sequence: 2, state: "applied" });
    await device.offer(file, { isNew: false, fetch: () => Promise.reject(new Error("fetched again")) });
    await device.offer(file, { isNew: true, fetch: () => Promise.reject(new Error("fetched again")) });
    await device.until("current");
    expect(device.host.done).toEqual(["close", "open"]);
  });

  test("whose agent fails is rolled back, and not tried again", async () => {
    const device = await Device.make();
    device.host.onProve = () => Promise.resolve("It says nonsense.");
    const file = await device.scratch.bundle({ sequence: 2 });
    await device.offer(file);
    await device.until("rolled-back");
    expect(device.updater.last?.reason).toContain("It says nonsense.");
    expect(await device.scratch.link()).toBe("releases/1");
    expect(device.host.done).toEqual(["close", "reopen"]);
    expect(device.notices.at(-1)).toContain("The bundle with sequence 2 is rolled back.");
    await device.offer(file, { isNew: true, fetch: () => Promise.reject(new Error("fetched again")) });
    await vi.waitFor(
      () => expect(device.updater.last?.reason).toMatch(/^It was tried here before and failed: .*It says nonsense\./),
      { timeout: 20_000 },
    );
    expect(device.updater.last).toMatchObject({ state: "rolled-back" });
    expect(device.updater.last?.reason).toContain("a corrected bundle with a higher sequence, or apply this one");
    expect(device.notices.at(-1)).toContain("The bundle with sequence 2 is not tried again. It was tried here before");
    expect(device.host.done).toHaveLength(2);
  });

  test.each([
    [
      "without trusted keys",
      async (device: Device) => {
        device.trust = [];
      },
      "fleet.trust",
    ],
    [
      "signed by another key",
      async (device: Device) => {
        device.trust = [makeKeyPair().publicLine];
      },
      "signed",
    ],
    [
      "whose config would cut the device off",
      async (device: Device) => {
        device.host.reach = ["The config has no mqtt."];
      },
      "The config has no mqtt.",
    ],
  ])("%s is refused, until something changes", async (_, prepare, reason) => {
    const device = await Device.make();
    await prepare(device);
    const file = await device.scratch.bundle({ sequence: 2 });
    await device.offer(file);
    await device.until("refused");
    expect(device.updater.last?.reason).toContain(reason);
    expect(device.host.done).toEqual([]);
    await device.offer(file, { isNew: false, fetch: () => Promise.reject(new Error("fetched again")) });
    expect(device.updater.last?.state).toBe("refused");
    device.trust = [...trusted];
    device.host.reach = [];
    await device.offer(file, { isNew: true });
    await device.until("applied");
  });

  test("with an older sequence is refused before it is fetched", async () => {
    const device = await Device.make();
    const old = await device.scratch.bundle({ sequence: 2 });
    await device.updater.applyFile(await device.scratch.bundle({ sequence: 3 }), trusted, byHand);
    await device.offer(old, { fetch: () => Promise.reject(new Error("fetched")) });
    await device.until("refused");
    expect(device.updater.last?.reason).toContain("lower");
  });

  test("whose download fails waits, and is tried again when the broker is back", async () => {
    const device = await Device.make();
    const file = await device.scratch.bundle({ sequence: 2 });
    const lost = new FleetError({ code: "bundle-unreadable", message: "Piece 1 is not at the broker." });
    const fetch = vi.fn<FetchOffered>(() => Promise.resolve(file)).mockRejectedValueOnce(lost);
    await device.offer(file, { fetch });
    await device.until("waiting");
    expect(device.updater.last?.reason).toBe("Piece 1 is not at the broker.");
    await vi.waitFor(
      () => {
        device.updater.retry();
        expect(fetch).toHaveBeenCalledTimes(2);
      },
      { timeout: 20_000 },
    );
    await device.until("applied");
  });

  test("is withdrawn while it is fetched", async () => {
    const device = await Device.make();
    const file = await device.scratch.bundle({ sequence: 2 });
    await device.offer(file, {
      fetch: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
        ),
    });
    await device.until("fetching");
    device.updater.take(null, () => Promise.reject(new Error("nothing to fetch")), { isNew: true });
    await device.until("refused");
    expect(device.updater.last?.reason).toBe("The fleet withdrew the offer.");
    // The same bundle may be offered again.
    await device.offer(file, { isNew: false });
    await device.until("applied");
  });

  test("that is withdrawn during its proof ends, and the old agent comes back", async () => {
    const device = await Device.make();
    device.host.onProve = endless;
    await device.offer(await device.scratch.bundle({ sequence: 2 }));
    await device.until("proving");
    device.updater.take(null, () => Promise.reject(new Error("nothing to fetch")), { isNew: true });
    await device.until("refused");
    expect(device.updater.last?.reason).toBe("The fleet withdrew the offer.");
    expect(await device.scratch.link()).toBe("releases/1");
    expect(device.host.done).toEqual(["close", "reopen"]);
  });

  test("that is withdrawn after its release is in use is carried out", async () => {
    const device = await Device.make();
    device.host.onWatch = async () => {
      device.updater.take(null, () => Promise.reject(new Error("nothing to fetch")), { isNew: true });
    };
    await device.offer(await device.scratch.bundle({ sequence: 2 }));
    await device.until("applied");
    expect(await device.scratch.link()).toBe("releases/2");
  });

  test("is replaced by a newer one, at any moment", async () => {
    const device = await Device.make();
    const proof = gate<string | null>();
    device.host.onProve = () => proof.promise;
    const [second, third, fourth] = [
      await device.scratch.bundle({ sequence: 2 }),
      await device.scratch.bundle({ sequence: 3 }),
      await device.scratch.bundle({ sequence: 4 }),
    ];
    await device.offer(second, {
      fetch: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
        ),
    });
    await device.until("fetching");
    await device.offer(third);
    await device.until("proving");
    expect(device.updater.last?.sequence).toBe(3);
    // An older one that comes late does not count: the newest is the last.
    await device.offer(second, { fetch: () => Promise.reject(new Error("fetched")) });
    await device.offer(fourth);
    proof.pass(null);
    await vi.waitFor(() => expect(device.updater.last).toMatchObject({ sequence: 4, state: "applied" }), {
      timeout: 20_000,
    });
    expect(await device.scratch.link()).toBe("releases/4");
  });

  test("waits for an update by hand, which goes first", async () => {
    const device = await Device.make();
    const [second, third] = [
      await device.scratch.bundle({ sequence: 2 }),
      await device.scratch.bundle({ sequence: 3 }),
    ];
    let tries = 0;
    await device.offer(third, {
      fetch: (_, { signal }) => {
        tries += 1;
        if (tries > 1) return Promise.resolve(third);
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
        );
      },
    });
    await device.until("fetching");
    expect(await device.updater.applyFile(second, trusted, byHand)).toMatchObject({ state: "applied", current: 2 });
    const end = { sequence: 3, state: "applied" };
    await vi.waitFor(() => expect(device.updater.last).toMatchObject(end), { timeout: 20_000 });
    expect(device.states.filter((state) => state === "applied")).toHaveLength(2);
  });

  test("is given up when the service ends, and goes on with the next start", async () => {
    const device = await Device.make();
    device.host.onProve = endless;
    const file = await device.scratch.bundle({ sequence: 2 });
    await device.offer(file);
    await device.until("proving");
    await device.stop();
    expect(await device.scratch.link()).toBe("releases/1");
    device.host.onProve = () => Promise.resolve(null);
    await device.start();
    expect(device.updater.last).toMatchObject({ sequence: 2, state: "waiting" });
    await device.offer(file, { isNew: false });
    await device.until("applied");
  });

  test("is tried again where neither agent reached the broker", async () => {
    const device = await Device.make();
    const undecided = new FleetError({ code: "update-undecided", message: "The broker is away." });
    device.host.onWatch = () => Promise.reject(undecided);
    await device.offer(await device.scratch.bundle({ sequence: 2 }));
    await device.until("waiting");
    expect(await device.scratch.link()).toBe("releases/1");
    device.host.onWatch = () => Promise.resolve();
    await vi.waitFor(
      () => {
        device.updater.retry();
        expect(device.updater.last?.state).toBe("applied");
      },
      { timeout: 20_000 },
    );
  });

  test("is refused without a folder of releases", async () => {
    const device = await Device.make();
    const updater = await Updater.open({ releases: null, host: device.host, trust: () => trusted, onNotice: () => {} });
    updater.take(
      await offerOf(await device.scratch.bundle({ sequence: 2 })),
      () => Promise.reject(new Error("fetched")),
      {
        isNew: false,
      },
    );
    await vi.waitFor(() => expect(updater.last?.state).toBe("refused"), { timeout: 20_000 });
    expect(updater.last?.reason).toContain("nanoagent bundle apply");
    await expect(updater.rollBack(byHand)).rejects.toMatchObject({ code: "releases-unusable" });
    await updater.close();
  });
});

describe("an update by hand", () => {
  test("is done, and rolled back; its release is not taken from an offer again", async () => {
    const device = await Device.make();
    const file = await device.scratch.bundle({ sequence: 2 });
    expect(await device.updater.applyFile(file, trusted, byHand)).toMatchObject({ state: "applied", current: 2 });
    expect(device.updater.last).toMatchObject({ state: "applied", sequence: 2 });
    const back = await device.updater.rollBack(byHand);
    expect(back).toMatchObject({ state: "applied", current: 1, reason: null });
    const reason = `This device went back to ${back.name} ${back.version}, sequence 1.`;
    expect(device.updater.last).toMatchObject({ state: "applied", sequence: 1, reason });
    expect(device.notices.at(-1)).toBe(reason);
    expect(await device.scratch.link()).toBe("releases/1");
    await device.offer(file, { isNew: false, fetch: () => Promise.reject(new Error("fetched")) });
    await device.until("rolled-back");
  });

  test("is abandoned with its signal until its release is in use", async () => {
    const device = await Device.make();
    const file = await device.scratch.bundle({ sequence: 2 });
    const early = AbortSignal.abort(new Error("left"));
    await expect(device.updater.applyFile(file, trusted, { ...byHand, signal: early })).rejects.toThrow("left");
    const proving = new AbortController();
    device.host.onProve = (signal) => {
      proving.abort(new Error("left"));
      return endless(signal);
    };
    const abandoned = device.updater.applyFile(file, trusted, { ...byHand, signal: proving.signal });
    await expect(abandoned).rejects.toThrow("left");
    expect(await device.scratch.link()).toBe("releases/1");
    device.host.onProve = () => Promise.resolve(null);
    const late = new AbortController();
    device.host.onWatch = async () => late.abort(new Error("left"));
    const applied = device.updater.applyFile(file, trusted, { ...byHand, signal: late.signal });
    expect(await applied).toMatchObject({ state: "applied" });
  });

  test("is refused for a file that cannot be used", async () => {
    const device = await Device.make();
    const file = path.join(device.scratch.folder, "no.bundle");
    await writeFile(file, "nothing");
    await expect(device.updater.applyFile(file, trusted, byHand)).rejects.toMatchObject({ code: "bundle-malformed" });
    expect(device.updater.last).toBeNull();
  });

  test("that waits for its turn ends with the service", async () => {
    const device = await Device.make();
    device.host.onProve = endless;
    const file = await device.scratch.bundle({ sequence: 2 });
    const results = Promise.allSettled([
      device.updater.applyFile(file, trusted, byHand),
      device.updater.applyFile(file, trusted, byHand),
    ]);
    await vi.waitFor(() => expect(device.host.done).toEqual(["close"]), { timeout: 20_000 });
    await device.stop();
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await device.scratch.link()).toBe("releases/1");
  });
});
