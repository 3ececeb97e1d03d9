import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cardText, publishAll } from "../../../fleet/test/registry/fleet-cards.js";
import { hasMosquitto, Mosquitto } from "../../../server/test/mqtt/mosquitto.js";
import { openForTest } from "../../../server/test/mqtt/opened-broker.js";
import { runFleet } from "./run-fleet.js";

describe.skipIf(!hasMosquitto)("nanoagent fleet fit (needs mosquitto)", () => {
  let mosquitto: Mosquitto;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "nanoagent-fleet-fit-"));
    await writeKnownModel(path.join(folder, "model.gguf"), "SmolLM2-135M");
    writeFileSync(path.join(folder, "text.gguf"), "no model");
    mosquitto = await Mosquitto.start();
    const { broker } = await openForTest({ url: mosquitto.url, client_id: "writer" });
    broker.ready();
    await publishAll(broker, [
      ...["a", "b", "c"].map((id) => [`nanoagent/${id}/status`, id === "c" ? "offline" : "online"] as const),
      ...["a", "b", "c"].map((id) => [`nanoagent/${id}/card`, cardText(id)] as const),
      ["nanoagent/odd/card", "{"],
    ]);
  });
  afterEach(async () => {
    await mosquitto[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const fit = (name: string, ...args: string[]) =>
    runFleet(["fit", path.join(folder, name), "--broker", mosquitto.url, ...args]);

  test("plans for the device of every agent, or of those that are selected", async () => {
    const all = await fit("model.gguf", "--json", "--budget-mb", "370", "--context", "1024");
    expect(all).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^note: 1 card is left out, .*\n$/) });
    const fits = JSON.parse(all.stdout) as Record<string, unknown>[];
    expect(fits.map(({ id, online, fits }) => [id, online, fits])).toEqual([
      ["a", true, true],
      ["b", true, true],
      ["c", false, true],
    ]);
    expect(fits[0]).toMatchObject({ budget_mb: 370, context_tokens: 1024, reason: null, code: null });
    const some = await fit("model.gguf", "--json", "--selector", "online=false", "--health", "ok");
    expect(JSON.parse(some.stdout).map(({ id }: { id: string }) => id)).toEqual(["c"]);
  });

  test("says in the table why a model does not fit", async () => {
    const { exitCode, stdout } = await fit("model.gguf", "--budget-mb", "60", "--selector", "a");
    expect(stdout).toMatch(
      /^id {2}fits .*\na +no .*\n {3}! It needs [\d.]+ MB, and the agent has [\d.]+ MB for a model\.\n0 of 1 agent could run it\.\n$/,
    );
    expect(exitCode).toBe(0);
  });

  test("refuses what cannot be planned, before it connects", async () => {
    for (const args of [
      ["text.gguf"],
      ["none.gguf"],
      ["model.gguf", "--context", "0.5"],
      ["model.gguf", "--selector", "="],
    ] as const) {
      const [name, ...rest] = args;
      const { exitCode, stdout, stderr } = await runFleet([
        "fit",
        path.join(folder, name),
        "--broker",
        "mqtt://127.0.0.1:9",
        ...rest,
      ]);
      expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 2, stdout: "" });
    }
  });
});
