import { FixtureMachine } from "@nanoagent/profiler/testing";
import { expect, test } from "vitest";
import { findMemoryCgroup } from "../../src/memory/find-memory-cgroup.js";

function machine(files: Record<string, string>): FixtureMachine {
  return new FixtureMachine({ files });
}

test("finds version 1 if it controls memory, although version 2 is also mounted", async () => {
  const found = await findMemoryCgroup(
    machine({
      "/proc/self/cgroup": "4:memory:/box/inner\n0::/elsewhere\n",
      "/proc/self/mountinfo": [
        "35 32 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
        "36 32 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
      ].join("\n"),
    }),
  );
  expect(found?.version).toBe(1);
  expect(found?.levels.map(({ directory }) => directory)).toEqual([
    "/sys/fs/cgroup/memory/box/inner",
    "/sys/fs/cgroup/memory/box",
    "/sys/fs/cgroup/memory",
  ]);
});

test("finds version 2, also in a container", async () => {
  const found = await findMemoryCgroup(
    machine({
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": "30 20 0:27 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
    }),
  );
  expect(found).toEqual({ version: 2, levels: [{ path: "/", directory: "/sys/fs/cgroup" }] });
});

test("finds nothing if no group is visible", async () => {
  expect(await findMemoryCgroup(machine({}))).toBeNull();
  expect(await findMemoryCgroup(machine({ "/proc/self/cgroup": "0::/a\n", "/proc/self/mountinfo": "" }))).toBeNull();
});
