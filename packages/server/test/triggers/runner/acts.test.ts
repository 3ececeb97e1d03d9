import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readEventLog } from "../../../src/triggers/events/read-event-log.js";
import { testFolder, byHand, openTestAgent, openTestTriggers, type Watering, waterTool } from "./open-test-triggers.js";

test("an event becomes an act with arguments from its payload, a result, an answer and an end", async () => {
  const folder = testFolder();
  const calls: Watering[] = [];
  const agent = await openTestAgent([waterTool(calls)]);
  const triggers = await openTestTriggers(agent, byHand({ then: { file: { path: "answers.jsonl" } } }), { configFolder: folder });
  const { id } = await triggers.run("dry-bed", { payload: { bed: "tomatoes" } });
  const ended = await triggers.ended(id);
  expect(ended).toMatchObject({ id, trigger: "dry-bed", outcome: "done", tries: 1, result: "Watered." });
  expect(calls).toEqual([{ bed: "tomatoes", minutes: 5, key: `${id}.do`, trigger: "dry-bed" }]);
});
