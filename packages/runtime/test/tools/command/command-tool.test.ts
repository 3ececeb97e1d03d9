import { readFileSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CommandArgument, CommandToolSettings } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { commandTool } from "../../../src/tools/command/command-tool.js";
import { InvalidToolError } from "../../../src/tools/invalid-tool-error.js";
import { type PermissionRequest, ToolSet } from "../../../src/tools/tool-set.js";
import { temporaryFolder } from "../../temporary-folder.js";

const node = process.execPath;
const echo = [node, "-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--"];

async function run(
  settings: Partial<CommandToolSettings>,
  input: object = {},
  { folder = ".", signal }: { folder?: string; signal?: AbortSignal } = {},
) {
  const tool = commandTool({ name: "cmd", description: "a", permission: "always", command: echo, ...settings }, folder);
  const tools = await ToolSet.open([tool]);
  return tools.call({ id: "1", name: "cmd", arguments: input }, { idempotencyKey: "key-1", signal });
}

const text = { type: "string" } as const;

test("runs the agent's own Node.js where the search path has none, and no other program", async () => {
  const environment = { PATH: "/nowhere" };
  const command = ["node", "--print", "process.execPath"];
  expect((await run({ command, environment })).value).toBe(process.execPath);
  expect((await run({ command: ["nodejs"], environment })).content).toContain("there is no program nodejs in /nowhere");
});

test("passes each value as one argument and omits missing ones", async () => {
  const settings: Partial<CommandToolSettings> = {
    command: [...echo, "--zone={zone}", "{minutes}", "--quiet={quiet}", "{{x}}", '{"a": {"b": 1}}', ""],
    arguments: { zone: text, minutes: { type: "integer", default: 5 }, quiet: { type: "boolean", optional: true } },
  };
  expect((await run(settings, { zone: "north bed" })).value).toEqual([
    "--zone=north bed",
    "5",
    "{x}",
    '{"a": {"b": 1}}',
    "",
  ]);
  expect((await run(settings, { zone: "", minutes: -1, quiet: false })).value).toEqual([
    "--zone=",
    "-1",
    "--quiet=false",
    "{x}",
    '{"a": {"b": 1}}',
    "",
  ]);
});

test.each([
  "; rm -rf /",
  "$(id)",
  "`id`",
  "a\nb",
  "'\"\\",
  "* ?",
  "| cat",
  "&&",
  "%PATH%",
  "{minutes}",
  "ünï",
  "../../etc/passwd",
])("passes %j without a shell", async (zone) => {
  expect((await run({ command: [...echo, "{zone}"], arguments: { zone: text } }, { zone })).value).toEqual([zone]);
  const limited = { command: [...echo, "{zone}"], arguments: { zone: text }, max_memory_mb: 2000 };
  expect((await run(limited, { zone })).value).toEqual([zone]);
});

test("refuses a value that would be read as an option", async () => {
  const zone = { zone: "-rf" };
  expect(await run({ command: [node, "{zone}"], arguments: { zone: text } }, zone)).toMatchObject({
    outcome: "invalid-arguments",
    content: 'The arguments of cmd are not right: zone must not begin with "-"',
  });
  expect((await run({ command: [...echo, "{zone}"], arguments: { zone: text } }, zone)).value).toEqual(["-rf"]);
  expect((await run({ command: [...echo, "--zone={zone}"], arguments: { zone: text } }, zone)).value).toEqual([
    "--zone=-rf",
  ]);
  const listed: CommandArgument = { type: "string", enum: ["-v"] };
  expect((await run({ command: [node, "{flag}"], arguments: { flag: listed } }, { flag: "-v" })).content).toBe(
    process.version,
  );
});

test("refuses a command line that no system could run", async () => {
  const given = { command: [...echo, "{zone}"], arguments: { zone: { ...text, max_length: 200_000 } } };
  expect(await run(given, { zone: "a\0b" })).toMatchObject({
    outcome: "invalid-arguments",
    content: "The arguments of cmd are not right: an argument has a NUL character",
  });
  expect(await run(given, { zone: "x".repeat(150_000) })).toMatchObject({
    outcome: "invalid-arguments",
    content: "The arguments of cmd are not right: the arguments are too long",
  });
});

test.each([
  [true, "The tool cmd failed: it ended by SIGKILL. It may have acted all the same; look before you repeat it."],
  [false, "The tool cmd failed: it ended by SIGKILL."],
])("a command that is killed is interrupted: changes_world %s", async (changes_world, content) => {
  expect(await run({ command: ["sh", "-c", "kill -9 $$"], changes_world })).toMatchObject({
    outcome: "interrupted",
    content,
  });
});

test("refuses such a value also after an empty text, and as a number", async () => {
  const two = { command: [node, "{a}{b}"], arguments: { a: text, b: text } };
  expect((await run(two, { a: "", b: "--eval=1" })).content).toBe(
    'The arguments of cmd are not right: b must not begin with "-"',
  );
  const number = (minimum?: number) => ({
    command: [node, "-p", "process.argv[1]", "{n}"],
    arguments: { n: { type: "integer" as const, ...(minimum !== undefined && { minimum }) } },
  });
  expect((await run(number(), { n: -1 })).content).toBe(
    'The arguments of cmd are not right: n must not begin with "-"',
  );
  expect((await run(number(), { n: 1 })).content).toBe("1");
  const after = { command: [...echo, "{n}"], arguments: { n: { type: "integer" as const } } };
  expect((await run(after, { n: -1 })).value).toEqual(["-1"]);
  // A config with negative numbers allows for this: node has no option -7.
  expect((await run(number(-10), { n: -7 })).content).toContain("-7");
});

test("rejects values outside of their type, range or list", async () => {
  const settings: Partial<CommandToolSettings> = {
    command: [...echo, "{zone}", "{n}"],
    arguments: { zone: { type: "string", enum: ["north"] }, n: { type: "integer", minimum: 1, maximum: 3 } },
  };
  for (const input of [
    { zone: "south", n: 1 },
    { zone: "north", n: 4 },
    { zone: "north", n: 1.5 },
    { zone: "north" },
    { zone: "north", n: 1, x: 1 },
  ]) {
    expect((await run(settings, input)).outcome).toBe("invalid-arguments");
  }
  const free = { command: [...echo, "{zone}"], arguments: { zone: text } };
  expect((await run(free, { zone: "a".repeat(1001) })).outcome).toBe("invalid-arguments");
  expect((await run(free, { zone: "a\0b" })).content).toContain("NUL");
});

test("runs with its own environment and folder, the user's time zone, and no secrets of the agent", async () => {
  process.env.SECRET_KEY = "secret";
  process.env.TZ = "Asia/Kolkata";
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, "valves"));
  const command = [node, "-e", "console.log(JSON.stringify({...process.env, cwd: process.cwd()}))"];
  const { value } = await run({ command, working_directory: "valves", environment: { VALVE: "1" } }, {}, { folder });
  delete process.env.SECRET_KEY;
  delete process.env.TZ;
  expect(value).toMatchObject({
    VALVE: "1",
    TZ: "Asia/Kolkata",
    cwd: path.join(folder, "valves"),
    NANOAGENT_IDEMPOTENCY_KEY: "key-1",
  });
  expect(JSON.stringify(value)).not.toContain("secret");
});

test("finds a program in its folder or in the search path, or reports that it is missing", async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, "tool.sh"), "#!/bin/sh\necho here");
  expect((await run({ command: ["./tool.sh"] }, {}, { folder })).content).toContain("there is no program ./tool.sh");
  await chmod(path.join(folder, "tool.sh"), 0o755);
  expect((await run({ command: ["./tool.sh"] }, {}, { folder })).content).toBe("here");
  expect((await run({ command: ["true"] })).content).toBe("Done.");
  expect((await run({ command: ["no-such-program"] })).content).toMatch(/there is no program no-such-program in/);
  expect((await run({ command: ["true"], working_directory: "/no/such/folder" })).content).toContain(
    "there is no folder /no/such/folder",
  );
});

describe("a command that", () => {
  test("fails reports its exit code and output", async () => {
    const command = [node, "-e", "console.error('\\u001b[31mno pressure'); process.exit(3)"];
    expect(await run({ command })).toMatchObject({
      outcome: "failed",
      content: "The tool cmd failed: it ended with code 3: no pressure",
    });
  });

  test("writes binary data or endless output is cut", async () => {
    expect((await run({ command: [node, "-e", "process.stdout.write(Buffer.alloc(1000))"] })).content).toBe(
      "[1000 bytes of binary data]",
    );
    const flood = [node, "-e", "for (let i = 0; i < 2000; i++) process.stdout.write('x'.repeat(65536))"];
    const { content, value } = await run({ command: flood, max_output_kb: 4 });
    expect(content).toContain("cut: it wrote more than is read");
    expect((value as string).length).toBeLessThan(5000);
  });

  test("floods stderr has its stdout as result, and the end of stderr when it fails", async () => {
    const script = (end: string) => `process.stderr.write("noise ".repeat(100_000), () => { ${end} })`;
    const done = [node, "-e", script(`console.log('{"ok": true}')`)];
    expect((await run({ command: done })).value).toEqual({ ok: true });
    const failed = [node, "-e", script('process.stderr.write("the reason", () => process.exit(1))')];
    expect((await run({ command: failed })).content).toMatch(
      /^The tool cmd failed: it ended with code 1: .*the reason$/,
    );
  });

  test("reads input gets none", async () => {
    expect((await run({ command: ["cat"] })).content).toBe("Done.");
  });
});

/** Whether a process exists and is not a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function eventually(condition: () => boolean | Promise<boolean>) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe.skipIf(process.platform !== "linux")("no process is left behind", () => {
  // Both processes record their ids and ignore SIGTERM.
  const script = `trap '' TERM; echo $$ > one; (trap '' TERM; echo started > two; exec sleep 1000) & echo $! > child; wait`;
  const pidIn = async (folder: string, file: string) =>
    Number(await readFile(path.join(folder, file), "utf8").catch(() => "0"));

  test.each(["timeout", "abort"])("by a command that ignores signals and has children: %s", async (how) => {
    const folder = await temporaryFolder();
    const turn = new AbortController();
    const settings = { command: ["sh", "-c", script], timeout_seconds: how === "timeout" ? 1 : 1000 };
    const outcome = run(settings, {}, { folder, signal: turn.signal });
    await eventually(async () => (await pidIn(folder, "child")) > 0);
    const pids = [await pidIn(folder, "one"), await pidIn(folder, "child")];
    if (how === "abort") turn.abort();
    expect((await outcome).outcome).toBe(how === "timeout" ? "timed-out" : "aborted");
    await eventually(() => !pids.some(isAlive));
  });

  test("by a command that leaves a child with its output open", async () => {
    const folder = await temporaryFolder();
    const { content } = await run({ command: ["sh", "-c", "sleep 1000 & echo $! > child; echo done"] }, {}, { folder });
    expect(content).toBe("done");
    const child = await pidIn(folder, "child");
    await eventually(() => !isAlive(child));
  });

  test("by a command that exceeds its memory limit", async () => {
    const command = ["sh", "-c", "ulimit -d; ulimit -c"];
    expect((await run({ command, max_memory_mb: 64 })).content).toBe("65536\n0");
  });
});

describe("refuses an invalid definition", () => {
  test.each<[Partial<CommandToolSettings>, string]>([
    [{ command: ["{zone}"], arguments: { zone: text } }, "command must begin with a program"],
    [{ command: [""] }, "command must begin with a program"],
    [{ command: ["-x"] }, "command must begin with a program"],
    [{ command: ["a", "{zon}"] }, "command uses {zon}, which is not in arguments"],
    [{ command: ["a", "{constructor}"] }, "command uses {constructor}, which is not in arguments"],
    [{ command: ["a", "\0"] }, "NUL"],
    [{ command: ["a"], arguments: { zone: text } }, "arguments.zone is not used in command"],
    [
      { command: ["a", "{n}"], arguments: { n: { type: "integer", minimum: 2, maximum: 1 } } },
      "arguments.n.minimum is above maximum",
    ],
    [
      { command: ["a", "{n}"], arguments: { n: { type: "integer", enum: ["1"] } } },
      'arguments.n: "1" is not of type integer',
    ],
    [
      { command: ["a", "{n}"], arguments: { n: { type: "boolean", default: "yes" } } },
      'arguments.n: "yes" is not of type boolean',
    ],
    [{ name: "my tool" }, "a name must be a letter"],
    [{ environment: { "A=B": "1" } }, "environment.A=B is invalid"],
    [{ environment: { A: "\0" } }, "environment.A is invalid"],
  ])("%j", (settings, message) => {
    const make = () => commandTool({ name: "cmd", description: "a", command: ["a"], ...settings }, ".");
    expect(make).toThrow(InvalidToolError);
    expect(make).toThrow(message);
  });
});

test("asks with the command that would run, with its defaults, or does not ask", async () => {
  const folder = await temporaryFolder();
  const tool = commandTool(
    {
      name: "cmd",
      description: "a",
      command: [...echo, "--force={force}", "--zone={zone}"],
      arguments: { force: { type: "boolean", default: true }, zone: text },
      environment: { MODE: "dry" },
    },
    folder,
  );
  const asked: PermissionRequest[] = [];
  const tools = await ToolSet.open([tool], { onPermission: (request) => asked.push(request) > 0 });
  const { value } = await tools.call({ id: "1", name: "cmd", arguments: { zone: 7 } }, { idempotencyKey: "key-1" });
  const command = [...echo, "--force=true", "--zone=7"];
  const environment = { MODE: "dry" };
  expect(asked[0]?.will_run).toEqual({ kind: "command", command, working_directory: folder, environment });
  expect(value).toEqual(command.slice(echo.length));
  // Invalid arguments end the call without a question.
  const refused = await tools.call({ id: "1", name: "cmd", arguments: { zone: "a\0" } }, { idempotencyKey: "key-1" });
  expect([refused.content, asked.length]).toEqual([expect.stringContaining("NUL"), 1]);
});

test("a command hears the key of its act, and the trigger that began it", async () => {
  const command = [
    process.execPath,
    "--print",
    "JSON.stringify([process.env.NANOAGENT_IDEMPOTENCY_KEY, process.env.NANOAGENT_TRIGGER])",
  ];
  const tool = commandTool(
    { name: "cmd", description: "a", permission: "always", command, idempotent: true },
    process.cwd(),
  );
  expect(tool.idempotent).toBe(true);
  const tools = await ToolSet.open([tool]);
  const call = { id: "1", name: "cmd", arguments: {} };
  const byTrigger = await tools.call(call, { idempotencyKey: "e1.do", trigger: "dry-bed" });
  expect(byTrigger.content).toBe('["e1.do","dry-bed"]');
  const byHand = await tools.call(call, { idempotencyKey: "k2" });
  expect(byHand.content).toBe('["k2",null]');
});
