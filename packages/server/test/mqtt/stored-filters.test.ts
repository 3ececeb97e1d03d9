import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { StoredFilters } from "../../src/mqtt/stored-filters.js";

test("the folder of the file is made", async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "nanoagent-filters-")), "session", "mqtt-topics.json");
  const notices: string[] = [];
  const stored = await StoredFilters.open(file, "broker", (_, message) => notices.push(message));
  await stored.add(["home/+"]);
  expect(notices).toEqual([]);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ broker: "broker", filters: ["home/+"] });
  expect((await StoredFilters.open(file, "broker", () => {})).filters).toEqual(["home/+"]);
});
