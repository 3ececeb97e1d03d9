import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { defineTool, NanoRuntime, type NanoRuntimeOptions } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "../sample-config.js";
import { temporaryFolder } from "../temporary-folder.js";

const calls = (input: object) => ({ calls: [{ id: "1", name: "read_skill", arguments: input }] });

async function folderOf(skills: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, body] of Object.entries(skills)) {
    await mkdir(path.join(folder, name));
    await writeFile(
      path.join(folder, name, "SKILL.md"),
      `---\nname: ${name}\ndescription: About ${name},\n  in\u001b[2J two lines.\n---\n${body}`,
    );
  }
  return folder;
}

async function loaded(
  skills: Record<string, string>,
  capabilities: string[],
  options: NanoRuntimeOptions = {},
  changes: Partial<NanoAgentConfigInput> = {},
) {
  const skills_dir = await folderOf(skills);
  const runtime = new NanoRuntime(options);
  await runtime.load(sampleConfig({ spec: { name: "a", capabilities }, skills_dir, ...changes }));
  return { runtime, skills_dir };
}

/** All tool results that the engine saw. */
function resultsOf(engine: ScriptedEngine): string[] {
  const last = engine.requests.at(-1)?.messages ?? [];
  return last.filter(({ role }) => role === "tool").map(({ content }) => content);
}

describe("an agent with a folder of skills", () => {
  test("lists enabled skills in the instructions, sorted, and returns the body of one", async () => {
    const engine = new ScriptedEngine([calls({ name: "watering" }), "Done."]);
    const skills = { watering: "Water in the morning.", pruning: "Cut it.", secret: "Not for you." };
    const { runtime } = await loaded(skills, ["watering", "pruning"], { engine }, { instructions: "Be kind." });
    await runtime.process("how do I water?");
    expect(engine.requests[0]?.instructions).toBe(
      "Be kind.\n\nSkills. Before you do what one of them is about, read it with the tool read_skill:\n" +
        "- pruning: About pruning, in two lines.\n- watering: About watering, in two lines.",
    );
    expect(engine.requests[1]?.instructions).toBe(engine.requests[0]?.instructions);
    expect(engine.requests[0]?.tools).toEqual([
      {
        name: "read_skill",
        description: "Reads the instructions of a skill.",
        changesWorld: false,
        inputSchema: {
          type: "object",
          properties: { name: { type: "string", enum: ["pruning", "watering"] } },
          required: ["name"],
          additionalProperties: false,
        },
      },
    ]);
    expect(resultsOf(engine)).toEqual(["Water in the morning."]);
    expect(runtime.notices).toEqual([]);
    await runtime.unload();
  });

  test.each([{ name: "secret" }, { name: "../watering" }, {}, { name: "watering", file: "a" }])(
    "refuses a skill that is not enabled, with the error as the result: %j",
    async (wrong) => {
      const engine = new ScriptedEngine([calls(wrong), "Done."]);
      const { runtime } = await loaded({ watering: "a", secret: "b" }, ["watering"], { engine });
      await runtime.process("go");
      expect(resultsOf(engine)).toEqual([expect.stringContaining("The arguments of read_skill are not right")]);
      await runtime.unload();
    },
  );

  test("returns a long skill in parts, and its files, but nothing outside of it", async () => {
    const paragraph = "Look at the leaves, then at the soil, and write down what you see. ".repeat(20).trim();
    const body = Array.from({ length: 12 }, (_, index) => `${index}. ${paragraph}`).join("\n\n");
    const skills_dir = await folderOf({ watering: body, pruning: "a" });
    await mkdir(path.join(skills_dir, "watering", "references"));
    await writeFile(path.join(skills_dir, "watering", "references", "valves.md"), "Valve 1 is north.");
    const config = sampleConfig({ spec: { name: "a", capabilities: ["watering"] }, skills_dir });
    const ask = async (input: object) => {
      const engine = new ScriptedEngine([calls({ name: "watering", ...input }), "Done."]);
      await using runtime = new NanoRuntime({ engine });
      await runtime.load(config);
      await runtime.process("go");
      return resultsOf(engine)[0] ?? "";
    };
    let from = 0;
    let read = "";
    for (let part = 0; from < body.length; part++) {
      const [, text = "", next] =
        /^(.*?)(?:\n\[\d+ of \d+ characters; more with "from": (\d+)\])?$/s.exec(await ask({ from })) ?? [];
      read += text;
      from = next === undefined ? body.length : Number(next);
      expect(part).toBeLessThan(4);
    }
    expect(read).toBe(body);
    expect(await ask({ from: body.length })).toContain(`it has ${body.length} characters`);
    expect(await ask({ file: "references/valves.md" })).toBe("Valve 1 is north.");
    expect(await ask({ file: "../pruning/SKILL.md" })).toContain('it does not lie in the skill "watering"');
  });

  test("can always read skills, even with many tools", async () => {
    const tools = Array.from({ length: 20 }, (_, index) =>
      defineTool({ name: `water_${index}`, description: "Waters.", run: () => 1 }),
    );
    const engine = new ScriptedEngine(["a"]);
    const { runtime } = await loaded({ watering: "a" }, ["watering"], { engine, tools });
    await runtime.process("please water");
    const names = engine.requests[0]?.tools?.map(({ name }) => name);
    expect(names).toHaveLength(12);
    expect(names).toContain("read_skill");
    await runtime.unload();
  });

  test("reports unknown capabilities and unusable skills", async () => {
    const { runtime, skills_dir } = await loaded({ watering: "a" }, ["waterng", "status-check", "echo", "flying"]);
    expect(runtime.notices).toEqual([
      'Unknown capability "waterng": did you mean "watering"?',
      'Unknown capability "flying": it has no effect.',
    ]);
    await runtime.unload();
    await writeFile(path.join(skills_dir, "watering", "SKILL.md"), "");
    await runtime.load(sampleConfig({ spec: { name: "a" }, skills_dir }));
    expect(runtime.notices).toEqual([expect.stringContaining("it has neither a description nor a body")]);
    await runtime.unload();
  });

  test("answers by the rules like an agent without skills", async () => {
    const { runtime } = await loaded({ watering: "a" }, ["watering", "status-check"]);
    expect((await runtime.process("hello")).content).toBe("Hello from a! How can I assist?");
    expect((await runtime.process("status")).content).toMatch(/^Runtime status: OK\./);
    expect(runtime.notices).toEqual([]);
    await runtime.unload();
  });

  test("fails to load when the folder is missing or a tool is named read_skill", async () => {
    const load = (options: NanoRuntimeOptions, skills_dir: string) =>
      new NanoRuntime(options).load(sampleConfig({ spec: { name: "a", capabilities: ["watering"] }, skills_dir }));
    await expect(load({}, "/no/such/folder")).rejects.toMatchObject({ code: "invalid-skill" });
    const tools = [defineTool({ name: "read_skill", description: "a", run: () => 1 })];
    await expect(load({ tools }, await folderOf({ watering: "a" }))).rejects.toMatchObject({ code: "invalid-tool" });
  });
});

test("reports an unknown capability without skills and tools", async () => {
  await using runtime = new NanoRuntime();
  await runtime.load(sampleConfig({ spec: { name: "a", capabilities: ["ecko"] } }));
  expect(runtime.notices).toEqual(['Unknown capability "ecko": did you mean "echo"?']);
});
