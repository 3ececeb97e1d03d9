import { describe, expect, test } from "vitest";
import { NanoAgentConfigFile } from "../src/index.js";
import { issuesOf } from "./issues-of.js";

const issues = (fleet: object) => issuesOf(NanoAgentConfigFile, { spec: { name: "kiosk" }, fleet });

describe("fleet", () => {
  test("is a register entry with an ID, a place, labels and keys", () => {
    const fleet = { id: "kiosk-17", prefix: "acme", site: "berlin", labels: { floor: "2" }, trust: ["MCow"] };
    expect(NanoAgentConfigFile.parse({ spec: { name: "kiosk" }, fleet }).fleet).toEqual(fleet);
    expect(NanoAgentConfigFile.parse({ spec: { name: "kiosk" }, fleet: {} }).fleet).toEqual({});
  });

  test.each([
    [{ ids: "a" }, 'fleet.ids (unknown-key): unknown key: did you mean "id"?'],
    [
      { labels: { floor: 2 } },
      "fleet.labels.floor (invalid): expected a string that is not empty, found 2: put it in quotes",
    ],
    [
      { trust: "MCow" },
      'fleet.trust (invalid): expected a list of at most 16, found "MCow" (a string): write ["MCow"]',
    ],
    [{ id: "" }, 'fleet.id (invalid): expected a string that is not empty, found "" (a string)'],
  ])("%j is refused", (fleet, issue) => {
    expect(issues(fleet)).toEqual([issue]);
  });
});
