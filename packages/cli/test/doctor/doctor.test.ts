import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os, { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { Journal } from "@nanoagent/runtime/node";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { ExaminedConfig } from "../../src/doctor/examined-config.js";
import { MAX_REPORT_BYTES } from "../../src/doctor/format-sections.js";
import { gatherConfig } from "../../src/doctor/sections/config-facts.js";
import { gatherEngine } from "../../src/doctor/sections/engine-facts.js";
import { gatherFindings } from "../../src/doctor/sections/findings.js";
import { gatherMemory } from "../../src/doctor/sections/memory-facts.js";
import { gatherSessions } from "../../src/doctor/sections/session-facts.js";
import { runProgram } from "../../src/program.js";
import { type UnitFacts, writeUnit } from "../../src/service/unit-file.js";
import { MODEL_BYTES, MODEL_NAME, placeNamedModel } from "./named-model.js";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "nanoagent-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  vi.stubEnv("XDG_STATE_HOME", path.join(folder, "state-home"));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  vi.stubEnv("HOME", path.join(folder, "home"));
  onTestFinished(() => void vi.unstubAllEnvs());
});

async function doctor(...args: string[]) {
  return doctorUntil(new AbortController().signal, ...args);
}

async function doctorUntil(stop: AbortSignal, ...args: string[]) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  let [stdout, stderr] = ["", ""];
  streams.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  streams.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const exitCode = await runProgram(["doctor", ...args], { ...streams, stop });
  return { exitCode, stdout, stderr };
}

function place(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const TITLES = [
  "Program",
  "Device",
  "Config",
  "Check",
  "Engine",
  "Memory",
  "Sessions",
  "State files",
  "Services",
  "Last errors",
  "Environment",
];

const SECRET = "Zq7-hunter2-with-marks";

const config = (more = "") => `
spec: { name: garden, version: 1.0.0, max_memory_mb: 64 }
device: { device_id: pi, platform: linux-aarch64, memory_mb: 512, cpu_cores: 2 }
model_path: null
${more}
`;

describe("a report", () => {
  test("is a file of its owner, and stdout says what is in it", async () => {
    const output = path.join(folder, "report.txt");
    const { exitCode, stdout, stderr } = await doctor("--config", place("agent.yaml", config()), "--output", output);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const title of TITLES) expect(stdout).toMatch(new RegExp(`^${title}: +\\S`, "m"));
    expect(stdout).toContain(`Report written to ${output}`);
    expect(stdout).toContain("read the report before you send it");
    const text = readFileSync(output, "utf8");
    expect(text.match(/^== .+ ==$/gm)).toEqual(TITLES.map((title) => `== ${title} ==`));
    expect(text).toContain(`node: ${process.versions.node}`);
    expect(text).toContain("name: garden");
    expect(text).toContain("spec.max_model_size_mb");
    expect(text).not.toContain("not gathered");
    expect(text).not.toContain(os.hostname().length > 3 ? os.hostname() : "\0");
    if (process.platform !== "win32") expect(statSync(output).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("never replaces a file: the next one gets a number", async () => {
    const output = place("report.txt", "mine");
    const first = await doctor("--output", output);
    const second = await doctor("--output", output);
    expect(first.stdout).toContain(path.join(folder, "report-2.txt"));
    expect(second.stdout).toContain(path.join(folder, "report-3.txt"));
    expect(readFileSync(output, "utf8")).toBe("mine");
  });

  test("is printed with --output -, as text and as JSON", async () => {
    const before = readdirSync(folder);
    expect((await doctor("--output", "-")).stdout).toMatch(/^nanoagent report, /);
    const { stdout } = await doctor("--output", "-", "--json");
    const report = JSON.parse(stdout);
    expect(report.sections.map(({ name }: { name: string }) => name)).toEqual(
      TITLES.map((title) => title.toLowerCase().replace(" ", "_")),
    );
    expect(report.sections[0].data.node).toBe(process.versions.node);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("--json names the file and its sections", async () => {
    const output = path.join(folder, "report.txt");
    const contents = JSON.parse((await doctor("--output", output, "--json")).stdout);
    expect(contents).toMatchObject({ file: output, bytes: statSync(output).size });
    expect(contents.sections).toHaveLength(TITLES.length);
  });

  test("a folder as output gets a file with the usual name", async () => {
    const { stdout } = await doctor("--output", folder);
    const names = readdirSync(folder).filter((name) => /^nanoagent-report-\d{4}-\d\d-\d\d\.txt$/.test(name));
    expect(names).toHaveLength(1);
    expect(stdout).toContain(path.join(folder, names[0] ?? ""));
  });

  test("a folder that cannot be written is an error that names --output -", async () => {
    const { exitCode, stderr, stdout } = await doctor("--output", path.join(folder, "missing", "report.txt"));
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("cannot be written");
    expect(stderr).toContain("why: The folder does not exist.");
    expect(stderr).toContain("--output -");
  });
});

test.skipIf(process.platform === "win32")("a model that was never hashed is examined without that", async () => {
  vi.stubEnv("HF_HOME", placeNamedModel(folder));
  const agent = config().replace("model_path: null", `model_path: ${MODEL_NAME}`);
  const { stdout } = await doctor("--config", place("agent.yaml", agent), "--output", "-", "--json");
  const { sections } = JSON.parse(stdout);
  expect(sections.filter(({ failure }: { failure: string | null }) => failure !== null)).toEqual([]);
  const { data } = sections.find(({ name }: { name: string }) => name === "engine");
  expect(data.model).toMatchObject({ bytes: MODEL_BYTES, is_hashed: false, header: { architecture: "llama" } });
  expect(existsSync(path.join(folder, "state-home"))).toBe(false);
});

test("sections of a config do not wait for its check", async () => {
  const dir = path.join(folder, "state");
  mkdirSync(dir);
  const examined = new ExaminedConfig(place("agent.yaml", config(`session: { dir: ${dir} }`)), true);
  examined.check = () => new Promise(() => {});
  void gatherFindings(examined, new AbortController().signal);
  expect((await gatherConfig(examined)).summary).toContain("without secrets");
  expect((await gatherEngine(examined)).summary).toContain("rules");
  expect((await gatherMemory(examined)).summary).toContain("budget 64 MB");
  expect((await gatherSessions(examined, new AbortController().signal)).data).toMatchObject({ folder: dir });
  expect(await examined.sessionFolder()).toBe(dir);
});

test("the check ends when its time is over", async () => {
  const examined = new ExaminedConfig(place("agent.yaml", config()), true);
  await expect(examined.check(AbortSignal.abort())).rejects.toThrow("aborted");
  expect(examined.checked).toBeNull();
});

describe("an interrupt", () => {
  test("while facts are gathered ends the program without a report", async () => {
    place("bin/journalctl", "#!/bin/sh\nexec sleep 600\n");
    chmodSync(path.join(folder, "bin/journalctl"), 0o755);
    vi.stubEnv("PATH", `${path.join(folder, "bin")}:${process.env.PATH}`);
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 200);
    mkdirSync(path.join(folder, "reports"));
    const { exitCode, stdout } = await doctorUntil(stopping.signal, "--output", path.join(folder, "reports"));
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(readdirSync(path.join(folder, "reports"))).toEqual([]);
  });
});

describe("secrets", () => {
  test("of the config, its variables and its errors are not in the report", async () => {
    vi.stubEnv("GARDEN_SERVER", `${SECRET}-variable`);
    vi.stubEnv("HF_TOKEN", `${SECRET}-token`);
    vi.stubEnv("HTTPS_PROXY", `http://anna:${SECRET}@proxy.example:3128`);
    vi.stubEnv("NODE_OPTIONS_NOTE", SECRET);
    const facts = { level: "error", event: "turn-end", code: "engine-unavailable", error: `no access with ${SECRET}` };
    const entry = { MESSAGE: JSON.stringify(facts), __REALTIME_TIMESTAMP: "1767322745000000" };
    place("bin/journalctl", `#!/bin/sh\necho '${JSON.stringify(entry)}'\n`);
    chmodSync(path.join(folder, "bin/journalctl"), 0o755);
    vi.stubEnv("PATH", `${path.join(folder, "bin")}:${process.env.PATH}`);
    const file = place(
      "agent.yaml",
      config(`
engine: { type: openai-compatible, url: "http://anna:${SECRET}@127.0.0.1:9", api_key_env: GARDEN_SERVER, pasword: ${SECRET} }
mcp_servers:
  shed: { url: "https://shed.example/mcp?key=${SECRET}", allow_network: true }
  barn: { command: [barn, --token, ${SECRET}], environment: { BARN: "${SECRET}" } }
tools:
  - { name: pump, description: "Pump, sk-${"Zq7".repeat(8)}", command: [curl, "http://pump.example/?\${GARDEN_SERVER}"] }
`),
    );
    const { stdout } = await doctor("--config", file, "--output", "-");
    expect(stdout).not.toContain(SECRET);
    expect(stdout).not.toContain("Zq7Zq7");
    if (process.platform === "linux") expect(stdout).toContain("engine-unavailable");
    expect(stdout).toContain("api_key_env: GARDEN_SERVER");
    expect(stdout).toContain("HF_TOKEN is set");
    expect(stdout).toContain("shed.example");
  });

  test("of commands are not in the report of a config, valid or not, nor in lines of a log", async () => {
    const messages = [
      `error: exec curl --token=${SECRET}-log failed`,
      `error: mosquitto_pub --pw=${SECRET}-log`,
      JSON.stringify({ level: "warn", event: "mcp-failed", error: `spawn srv --api-key=${SECRET}-log ENOENT` }),
    ];
    const lines = messages.map((MESSAGE) => JSON.stringify({ MESSAGE, __REALTIME_TIMESTAMP: "1767322745000000" }));
    place("lines.json", `${lines.join("\n")}\n`);
    place("bin/journalctl", `#!/bin/sh\ncat ${path.join(folder, "lines.json")}\n`);
    chmodSync(path.join(folder, "bin/journalctl"), 0o755);
    vi.stubEnv("PATH", `${path.join(folder, "bin")}:${process.env.PATH}`);
    const command = `command: [curl, "--token=${SECRET}-1", "--client-secret=${SECRET}-2", "--pw:${SECRET}-3"]`;
    const tools = `tools:\n  - { name: pump, description: Pump, permission: ask, ${command} }\n`;
    const servers = `mcp_servers: { m: { ${command} } }\n`;
    for (const more of ["", "serve: { port: 1 }\nunknown: 1\n", "broken: [\n"]) {
      const file = place("agent.yaml", config(tools + servers + more));
      const { stdout } = await doctor("--config", file, "--output", "-");
      expect(stdout).not.toContain(SECRET);
      if (more === "") expect(stdout).toContain("--token=[removed]");
      if (process.platform === "linux") expect(stdout).toContain("spawn srv --api-key=[removed] ENOENT");
    }
  });

  test.each([
    ["a broken YAML file", `spec: {\n  name: x\npassword: ${SECRET}\n   : : [`],
    ["a broken JSON file", `{"password": "${SECRET}", `],
    ["another shape", `password: ${SECRET}\nlist: [1, 2]\n`],
  ])("of %s are not in the report", async (name, text) => {
    const { exitCode, stdout } = await doctor(
      "--config",
      place(name.includes("JSON") ? "agent.json" : "agent.yaml", text),
      "--output",
      "-",
    );
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain(SECRET);
    expect(stdout).toMatch(/== Check ==\n\d+ errors?/);
  });
});

test.each(["SUDO_USER", "DOAS_USER"])("the name in %s is not in the report", async (variable) => {
  vi.stubEnv(variable, "annabel");
  const file = place("agent.yaml", config("description: Written by Annabel").replace("garden", "annabel-s"));
  const { stdout } = await doctor("--config", file, "--output", "-");
  expect(stdout).toContain("name: [user]-s");
  expect(stdout).not.toMatch(/annabel/i);
});

describe.skipIf(process.platform !== "linux")("a service of systemd", () => {
  test("its unit, its state and its journal are found by its own name", async () => {
    const unit = {
      node: "/usr/bin/node",
      program: "/usr/lib/nanoagent/main.js",
      config: "/etc/greenhouse.yaml",
      ...{ name: "greenhouse", memoryMb: 64, account: { kind: "user-manager" as const }, stateFolder: folder },
      ...{ writableFolders: [], mounts: [], environmentFile: "/none", environment: {}, needsLowPort: false },
    };
    vi.stubEnv("XDG_CONFIG_HOME", path.join(folder, "config-home"));
    place("config-home/systemd/user/greenhouse.service", writeUnit(unit as unknown as UnitFacts));
    place("config-home/systemd/user/mine.service", "[Service]\nExecStart=/usr/bin/nanoagent serve\n");
    place("config-home/systemd/user/other.service", "[Service]\nExecStart=/bin/other\n");
    const entry = { MESSAGE: "error: it is on fire", __REALTIME_TIMESTAMP: "1767322745000000" };
    place(
      "bin/journalctl",
      `#!/bin/sh\ncase "$*" in *--user-unit=greenhouse.service*) echo '${JSON.stringify(entry)}';; esac\n`,
    );
    place(
      "bin/systemctl",
      "#!/bin/sh\nprintf 'LoadState=loaded\\nActiveState=failed\\nResult=watchdog\\nNRestarts=7\\n'\n",
    );
    for (const name of ["journalctl", "systemctl"]) chmodSync(path.join(folder, "bin", name), 0o755);
    vi.stubEnv("PATH", `${path.join(folder, "bin")}:${process.env.PATH}`);
    const { stdout } = await doctor("--output", "-");
    expect(stdout).toContain("greenhouse.service is failed: it hung, so the watchdog ended it");
    expect(stdout).toContain("mine.service is failed");
    expect(stdout).toContain("restarts: 7");
    expect(stdout).toContain("config: /etc/greenhouse.yaml");
    expect(stdout).toContain("it is on fire");
    expect(stdout).not.toContain("other.service");
  });
});

describe("a session", () => {
  test("is counted and its damage reported, without a text of it", async () => {
    const dir = path.join(folder, "state");
    for (const name of ["", "kitchen-talk"]) {
      const journal = await Journal.open(path.join(dir, name));
      const at = "2026-01-02T03:04:05.000Z";
      for (let turn = 0; turn < 3; turn += 1) {
        await journal.appendTurn([
          { role: "user", content: "the plumber calls", timestamp: at },
          { role: "assistant", content: "noted privately", timestamp: at },
        ]);
      }
      await journal.close();
    }
    const segment = path.join(dir, "kitchen-talk", "journal-0000000000000001.jsonl");
    const bytes = readFileSync(segment);
    bytes[bytes.length - 300] = 1;
    writeFileSync(segment, bytes);
    const before = readFileSync(segment);
    const { stdout } = await doctor(
      "--config",
      place("agent.yaml", config(`session: { dir: ${dir} }`)),
      "--output",
      "-",
    );
    expect(stdout).toMatch(/2 saved, \d turns, 1 with damage/);
    expect(stdout).toContain("format: 1");
    for (const text of ["plumber", "privately", "kitchen"]) expect(stdout).not.toContain(text);
    expect(readFileSync(segment)).toEqual(before);
  });
});

test("a session and its state files are found by a config that is not valid", async () => {
  const dir = path.join(folder, "state");
  const journal = await Journal.open(dir);
  await journal.appendTurn([{ role: "user", content: "hello", timestamp: "2026-01-02T03:04:05.000Z" }]);
  await journal.close();
  place("state/page.json", '{"format":1,"conversations":[]}\n');
  const file = place("agent.yaml", config("session: { dir: state }\nunknown: 1\n"));
  const { stdout } = await doctor("--config", file, "--output", "-");
  expect(stdout).toContain("agent.yaml, which is not valid");
  expect(stdout).toContain("1 saved, 1 turn (no texts)");
  expect(stdout).toMatch(/^\s*- file: .*page\.json\n/m);
});

test.each([
  ["none configured", config()],
  ["not known: the config cannot be read", config("session: [\n")],
  ["not known: the config cannot be read", null],
])("sessions are %s", async (summary, text) => {
  const file = text === null ? path.join(folder, "missing.yaml") : place("agent.yaml", text);
  const { stdout } = await doctor("--config", file, "--output", "-");
  expect(stdout).toContain(`== Sessions ==\n${summary}\n`);
});

describe("many sessions", () => {
  test("all are counted, and the report says how many were read; no name of one is in it", async () => {
    const dir = path.join(folder, "state");
    for (let number = 0; number < 200; number += 1)
      mkdirSync(path.join(dir, `visit-of-anna-${number}`), { recursive: true });
    const journal = await Journal.open(path.join(dir, "visit-of-anna-0"));
    const at = "2026-01-02T03:04:05.000Z";
    await journal.appendTurn([{ role: "user", content: "hello", timestamp: at }]);
    await journal.close();
    const file = path.join(dir, "visit-of-anna-7/quarantine/journal-0000000000000001-00.bin");
    const gone = path.join(dir, "berta-0123456789abcdef/journal-0000000000000001.jsonl");
    const facts = { level: "error", event: "session-fault", error: `ENOSPC: write ${file} and ${gone}` };
    const entry = { MESSAGE: JSON.stringify(facts), __REALTIME_TIMESTAMP: "1767322745000000" };
    place("bin/journalctl", `#!/bin/sh\necho '${JSON.stringify(entry)}'\n`);
    chmodSync(path.join(folder, "bin/journalctl"), 0o755);
    vi.stubEnv("PATH", `${path.join(folder, "bin")}:${process.env.PATH}`);
    for (const more of ["", "unknown: 1\n"]) {
      const agent = place("agent.yaml", config(`session: { dir: ${dir} }\n${more}`));
      const { stdout } = await doctor("--config", agent, "--output", "-");
      if (more === "") expect(stdout).toContain("128 of 200 read, 1 turn (no texts)");
      for (const name of ["anna", "berta"]) expect(stdout).not.toContain(name);
      if (process.platform === "linux") expect(stdout).toMatch(/state\/conversation \d+\/quarantine/);
    }
  });
});

describe("a device that lacks something", () => {
  test("a config that does not exist", async () => {
    const { exitCode, stdout } = await doctor("--config", path.join(folder, "no.yaml"), "--output", "-");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("there is no such file");
  });

  test("a user without a home folder, and broken state files", async () => {
    for (const name of ["HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"]) vi.stubEnv(name, undefined);
    expect((await doctor("--output", "-")).exitCode).toBe(0);
    vi.stubEnv("XDG_STATE_HOME", path.join(folder, "state-home"));
    place("state-home/nanoagent/models.json", '{"format":99,"models":[]}');
    place("state-home/nanoagent/catalogue.json", "damaged");
    mkdirSync(path.join(folder, "state-home/nanoagent/serve-keys.json"));
    const { stdout } = await doctor("--output", "-");
    expect(stdout).toContain("written by a newer version");
    expect(stdout).toContain("damaged: no format can be read");
    expect(stdout).toContain("not a regular file");
  });

  test("a config of the largest size still gives a report of at most 512 KB", async () => {
    const intents = Array.from(
      { length: 900 },
      (_, index) => `- { sentences: ["say ${index} ${"x".repeat(200)}"], say: ok }`,
    );
    const file = place("agent.yaml", config(`intents:\n  ${intents.join("\n  ")}`));
    const { stdout } = await doctor("--config", file, "--output", "-");
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(MAX_REPORT_BYTES);
    expect(stdout).toContain("[the rest is left out]");
  });
});
