import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { Attack, times } from "./attack.js";
import { type Answer, TalkingProgram } from "./talking-program.js";
import { temporaryFolder } from "./temporary-folder.js";
import { peakOfTree } from "./tree-memory.js";

const tool = fileURLToPath(new URL("./misbehaving-tool.mjs", import.meta.url));
const server = fileURLToPath(new URL("./misbehaving-server.mjs", import.meta.url));

const toolWays =
  "deep deep-object endless silent stubborn binary numbers controls half crash fail many orphan memory nothing";
const serverWays =
  "deep deep-text long endless silent garbage crash wrong-id no-content null-content half error image memory";

const BUDGET_MB = 128;
/** Overshoot of the budget before it is detected. */
const OVERSHOOT_MB = 32;

function configOf(): string {
  const commands = toolWays.split(" ").map((way) => ({
    name: `tool-${way}`,
    description: "Misbehaves.",
    command: [process.execPath, tool, way],
    permission: "always",
    timeout_seconds: 3,
  }));
  const servers = serverWays
    .split(" ")
    .map((way) => [way, { command: [process.execPath, server, way], permission: "always", timeout_seconds: 3 }]);
  return JSON.stringify({
    // Each server is a separate resident program.
    spec: { name: "a", max_memory_mb: BUDGET_MB + servers.length * 64 },
    tools: commands,
    mcp_servers: Object.fromEntries(servers),
    intents: {
      definitions: [
        ...commands.map(({ name }) => ({ name, sentences: [`use ${name}`], tool: name, answer: "It said {result}" })),
        ...servers.map(([way]) => ({
          name: `server-${way}`,
          sentences: [`use server-${way}`],
          tool: `${way}_act`,
          answer: "It said {result}",
        })),
      ],
    },
  });
}

/** Whether the answer is a reply with text, not an error of the program. */
function isAnswer(answer: Answer | null): answer is Answer & { content: string } {
  return answer?.content !== undefined && answer.content !== "";
}

test("every call of a misbehaving tool or MCP server ends, and the agent continues", async () => {
  const folder = await temporaryFolder();
  const config = path.join(folder, "agent.json");
  writeFileSync(config, configOf());
  const attack = new Attack("tools and MCP servers that misbehave");
  const ways = [
    ...toolWays.split(" ").map((way) => `tool-${way}`),
    ...serverWays.split(" ").map((way) => `server-${way}`),
  ];
  for (let round = 0; round < times(10); round++) {
    const agent = new TalkingProgram(config);
    for (const way of ways) {
      const answer = await agent.ask(`use ${way}`);
      if (!isAnswer(answer)) attack.wrong(`${way}: ${JSON.stringify(answer)} ${agent.stderr.slice(-300)}`);
      else if (way === "tool-numbers" && !/9007199254740993.*1e999.*1\.10/.test(answer.content)) {
        attack.wrong(`${way}: ${answer.content}`);
      }
      if (!isAnswer(await agent.ask("hello"))) attack.wrong(`${way}: the next message`);
      attack.tried();
    }
    if ((await agent.end()) !== 0) attack.wrong(`exit code, ${agent.stderr.slice(-300)}`);
  }
  attack.finish();
}, 1_800_000);

test.skipIf(process.platform !== "linux")(
  "the budget applies to the whole process tree if a tool and an MCP server need 600 MB",
  async () => {
    const folder = await temporaryFolder();
    const attack = new Attack("600 MB by a tool and an MCP server, within a budget of 128 MB");
    const call = (name: string) => ({ name, sentences: [`use ${name}`], tool: name, answer: "It said {result}" });
    const base = { spec: { name: "a", max_memory_mb: BUDGET_MB } };
    const configs = {
      tool: {
        ...base,
        tools: [{ name: "tool", description: "d", command: [process.execPath, tool, "memory"], permission: "always" }],
        intents: { definitions: [call("tool")] },
      },
      server_act: {
        ...base,
        mcp_servers: { server: { command: [process.execPath, server, "memory"], permission: "always" } },
        intents: { definitions: [call("server_act")] },
      },
    };
    for (let round = 0; round < times(20); round++) {
      for (const [name, config] of Object.entries(configs)) {
        const file = path.join(folder, `${name}.json`);
        writeFileSync(file, JSON.stringify(config));
        const agent = new TalkingProgram(file);
        await agent.ask("hello");
        const { value: answer, peakMb } = await peakOfTree(agent.pid, () => agent.ask(`use ${name}`));
        if (peakMb > BUDGET_MB + OVERSHOOT_MB) attack.wrong(`${name}: ${Math.round(peakMb)} MB`);
        if (!isAnswer(answer)) attack.wrong(`${name}: ${JSON.stringify(answer)}`);
        else if (!/memory/i.test(answer.content)) attack.silent(`${name}: ${answer.content.slice(0, 200)}`);
        if (!isAnswer(await agent.ask("hello"))) attack.wrong(`${name}: the next message`);
        await agent.end();
        attack.tried();
      }
    }
    attack.finish();
  },
  1_800_000,
);
