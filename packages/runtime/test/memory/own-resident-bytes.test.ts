import { expect, test, vi } from "vitest";
import { ownResidentBytes } from "../../src/memory/own-resident-bytes.js";
import { processView } from "../../src/memory/process-view.js";

test("returns null if Node cannot read the memory", async () => {
  const fails = () => {
    throw Object.assign(new Error("ENOENT: no such file or directory, uv_resident_set_memory"), { code: "ENOENT" });
  };
  vi.spyOn(process.memoryUsage, "rss").mockImplementation(fails);
  vi.spyOn(process, "memoryUsage").mockImplementation(Object.assign(fails, { rss: fails }));
  expect(ownResidentBytes()).toBeNull();
  expect(await processView(null).memory(process.pid, { proportional: true })).toBeNull();
});
