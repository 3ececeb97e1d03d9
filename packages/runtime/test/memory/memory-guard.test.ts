import type { MemoryReading } from "@nanoagent/models";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryGuard, type Pressure } from "../../src/memory/memory-guard.js";
import type { ProcessShare } from "../../src/memory/memory-report.js";
import { OWN_PROGRAM_BYTES, PROGRAM_GROWTH_BYTES } from "../../src/memory/program-share.js";
import { Reservations } from "../../src/memory/reservations.js";
import { temporaryFolder } from "../temporary-folder.js";

const MB = 2 ** 20;
const ENGINE = 4711;

/** A device and two processes from the guard's perspective. Tests modify them. */
class Scene {
  device: MemoryReading = {
    total_bytes: 1024 * MB,
    available_bytes: 800 * MB,
    limit_bytes: null,
    limit_source: null,
    pressure_percent: null,
  };
  programMb = 30;
  engineMb = 0;
  /** Memory that the engine shares with other processes, in MB. */
  sharedMb = 0;
  /** Memory of each process that a tool has started, in MB. */
  toolsMb: number[] = [];
  majorFaults = 0;
  work = 0;
  isBusy = true;

  async guard({
    limitMb = 256,
    ownsProgram = false,
    folder,
    read = async () => this.device,
    onNotice,
  }: {
    limitMb?: number;
    ownsProgram?: boolean;
    folder?: string;
    read?: (() => Promise<MemoryReading>) | undefined;
    onNotice?: (notice: string) => void;
  } = {}) {
    const toolProcesses = () => this.toolsMb.map((_, index) => -index - 1);
    return MemoryGuard.start({
      limitBytes: limitMb * MB,
      ownsProgram,
      probe: { read },
      onNotice,
      processes: {
        memory: async (processId, { proportional } = { proportional: false }) =>
          processId === ENGINE
            ? share(this.engineMb, proportional ? this.engineMb - this.sharedMb : null)
            : share(processId < 0 ? (this.toolsMb[-processId - 1] ?? 0) : this.programMb, null),
        majorFaults: async () => this.majorFaults,
      },
      toolMemory: {
        get processes() {
          return toolProcesses();
        },
        grantedBytes: Number.POSITIVE_INFINITY,
        watchEngine: () => {},
      },
      reservations: new Reservations(folder ?? (await temporaryFolder())),
    });
  }

  /** Returns the guard's callbacks, after this number of them. */
  async looks(guard: MemoryGuard, count: number): Promise<(Pressure | null)[]> {
    const looks: (Pressure | null)[] = [];
    const scene = this;
    guard.watch(
      {
        processId: ENGINE,
        fileBytes: 1,
        get isBusy() {
          return scene.isBusy;
        },
        get work() {
          return scene.work;
        },
      },
      async (pressure) => void looks.push(pressure),
    );
    for (let passed = 0; looks.length < count; passed += 50) {
      expect(passed).toBeLessThan(20_000);
      await vi.advanceTimersByTimeAsync(50);
    }
    guard.unwatch();
    return looks;
  }
}

function share(anonymousMb: number, proportionalMb: number | null): ProcessShare {
  return {
    anonymous_bytes: anonymousMb * MB,
    file_bytes: 0,
    shared_bytes: 0,
    proportional_bytes: proportionalMb === null ? null : proportionalMb * MB,
  };
}

describe("admission", () => {
  test("an engine gets the budget minus the program's share", async () => {
    expect((await (await new Scene().guard()).admit()).budgetBytes).toBe(256 * MB - PROGRAM_GROWTH_BYTES);
  });

  test("the share of a program that runs only the agent does not depend on its current memory", async () => {
    const scene = new Scene();
    const guard = await scene.guard({ ownsProgram: true });
    for (const programMb of [5, 20, 28]) {
      scene.programMb = programMb;
      expect((await guard.admit()).budgetBytes).toBe(256 * MB - OWN_PROGRAM_BYTES);
    }
  });

  test("memory of such a program above its share is subtracted, with room to grow", async () => {
    const scene = new Scene();
    const guard = await scene.guard({ ownsProgram: true });
    scene.programMb = 60;
    expect((await guard.admit()).budgetBytes).toBe(256 * MB - 60 * MB - PROGRAM_GROWTH_BYTES);
    scene.toolsMb = [40];
    expect((await guard.admit()).budgetBytes).toBe(256 * MB - 100 * MB - PROGRAM_GROWTH_BYTES);
  });

  test("growth of an embedding program above its share is subtracted", async () => {
    const scene = new Scene();
    const guard = await scene.guard();
    scene.programMb = 30 + 50;
    expect((await guard.admit()).budgetBytes).toBe((256 - 50) * MB);
  });

  test("memory of tool processes is subtracted while they exist", async () => {
    const scene = new Scene();
    const guard = await scene.guard();
    scene.toolsMb = [40, 10];
    expect((await guard.admit()).budgetBytes).toBe((256 - 50) * MB);
    scene.toolsMb = [];
    expect((await guard.admit()).budgetBytes).toBe(256 * MB - PROGRAM_GROWTH_BYTES);
  });

  test("the device's memory is a limit, and part of it stays free", async () => {
    const scene = new Scene();
    scene.device = { ...scene.device, available_bytes: 100 * MB };
    const { budgetBytes: admitted } = await (await scene.guard()).admit();
    expect(admitted).toBeLessThan(90 * MB);
    expect(admitted).toBeGreaterThan(70 * MB);
    scene.device = { ...scene.device, available_bytes: 0 };
    expect((await (await scene.guard()).admit()).budgetBytes).toBe(0);
  });

  test("two agents on one device share its memory", async () => {
    const folder = await temporaryFolder();
    const scene = new Scene();
    scene.device = { ...scene.device, available_bytes: 300 * MB };
    const [first, second] = [await scene.guard({ folder }), await scene.guard({ folder })];
    const { budgetBytes: admitted } = await first.admit();
    await first.hold(200 * MB, ENGINE);
    scene.engineMb = 50;
    // The first uses 50 MB of its 200, which the device's figure includes. 150 MB are still reserved.
    expect((await second.admit()).budgetBytes).toBeLessThan(150 * MB);
    await first.close();
    expect((await second.admit()).budgetBytes).toBe(admitted);
  });

  test("an agent under another limit uses only the machine's memory, not this one's limit", async () => {
    const folder = await temporaryFolder();
    const scene = new Scene();
    const limited = { ...scene.device, available_bytes: 200 * MB, limit_bytes: 220 * MB };
    scene.device = { ...limited, limit_source: "cgroup v2 /one", machine_available_bytes: 800 * MB };
    const first = await scene.guard({ folder });
    const { budgetBytes: admitted } = await first.admit();
    await first.hold(150 * MB, null);
    scene.device = { ...scene.device, limit_source: "cgroup v2 /other" };
    const second = await scene.guard({ folder });
    expect((await second.admit()).budgetBytes).toBe(admitted);
    scene.device = { ...scene.device, machine_available_bytes: 300 * MB };
    expect((await second.admit()).budgetBytes).toBe(admitted - 50 * MB);
    scene.device = { ...scene.device, limit_source: "cgroup v2 /one" };
    expect((await second.admit()).budgetBytes).toBe(admitted - 150 * MB);
  });
});

test.each([
  ["was lowered and leaves too little", { limit_bytes: 150 * MB, available_bytes: MB }, true],
  ["was lowered and leaves enough", { limit_bytes: 150 * MB, available_bytes: 50 * MB }, false],
  ["is unchanged and leaves too little", { available_bytes: MB }, false],
  ["was raised and leaves too little", { limit_bytes: 250 * MB, available_bytes: MB }, false],
  ["was removed", { limit_bytes: null, available_bytes: MB }, false],
])("a cgroup limit that %s", async (_, change, isPressure) => {
  const scene = new Scene();
  scene.device = { ...scene.device, limit_bytes: 200 * MB, available_bytes: 100 * MB };
  const guard = await scene.guard();
  expect(await guard.cutLimit()).toBeNull();
  scene.device = { ...scene.device, ...change };
  expect(await guard.cutLimit()).toEqual(isPressure ? expect.objectContaining({ reason: "device" }) : null);
  expect(await guard.cutLimit()).toBeNull();
});

describe("the watch", () => {
  // It waits only for timers and the clock.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("reports no pressure while memory is sufficient", async () => {
    const scene = new Scene();
    scene.engineMb = 200;
    expect(await scene.looks(await scene.guard(), 2)).toEqual([null, null]);
  });

  test("reports a budget that only the sum of the parts exceeds", async () => {
    const scene = new Scene();
    const guard = await scene.guard();
    scene.engineMb = 200;
    scene.programMb = 30 + 70;
    const [pressure] = await scene.looks(guard, 1);
    expect(pressure).toEqual({ reason: "own-limit", used_bytes: 270 * MB, limit_bytes: 256 * MB });
  });

  test("counts shared memory once before it reports pressure", async () => {
    const scene = new Scene();
    scene.engineMb = 270;
    scene.sharedMb = 40;
    expect(await scene.looks(await scene.guard(), 1)).toEqual([null]);
  });

  test.each([
    ["little is left", { available_bytes: 2 * MB }],
    ["processes wait for memory", { pressure_percent: 60 }],
  ])("reports pressure if on the device %s", async (_, change) => {
    const scene = new Scene();
    scene.device = { ...scene.device, ...change };
    expect(await scene.looks(await scene.guard(), 1)).toMatchObject([{ reason: "device" }]);
  });

  test("reports an engine that only pages", async () => {
    const scene = new Scene();
    const timer = setInterval(() => {
      scene.majorFaults += 2000;
    }, 100);
    const looks = await scene.looks(await scene.guard(), 40);
    clearInterval(timer);
    expect(looks.at(-1)).toMatchObject({ reason: "paging" });
  }, 30_000);

  test("leaves time between two steps", async () => {
    const scene = new Scene();
    scene.engineMb = 500;
    const began = performance.now();
    await scene.looks(await scene.guard(), 3);
    expect(performance.now() - began).toBeGreaterThan(4000);
  });
});

describe("faults that the watch tolerates", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function watched({ read, onLook }: { read?: () => Promise<MemoryReading>; onLook?: () => Promise<void> }) {
    const scene = new Scene();
    const notices: string[] = [];
    const guard = await scene.guard({ read, onNotice: (notice) => notices.push(notice) });
    let looks = 0;
    const engine = { processId: ENGINE, fileBytes: 1, isBusy: true, work: 0 };
    guard.watch(engine, async () => {
      looks += 1;
      await onLook?.();
    });
    await vi.advanceTimersByTimeAsync(10_000);
    guard.unwatch();
    return { looks, notices, guard };
  }

  test.each<[string, () => Promise<MemoryReading>]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["rejects", () => Promise.reject(new Error("boom"))],
    ["never answers", () => new Promise(() => {})],
  ])("a probe that %s", async (_, read) => {
    const { looks, notices, guard } = await watched({ read });
    expect(looks).toBeGreaterThan(20);
    expect(notices).toEqual([expect.stringContaining("The memory probe failed")]);
    expect((await guard.admit()).budgetBytes).toBe(256 * MB - PROGRAM_GROWTH_BYTES);
  });

  test("a listener that fails", async () => {
    const { looks, notices } = await watched({ onLook: () => Promise.reject(new Error("boom")) });
    expect(looks).toBeGreaterThan(20);
    expect(notices).toEqual(["A memory check failed: boom. Checks continue."]);
  });
});

test("the report shows the enforced limit", async () => {
  const scene = new Scene();
  scene.toolsMb = [7];
  const guard = await scene.guard({ ownsProgram: true });
  expect(await guard.usedBytes()).toBe((30 + 7) * MB);
});
