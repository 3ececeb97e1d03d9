import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { filesIn, lateMounts } from "../../src/service/service-facts.js";
import { readUnit, type UnitFacts, writeUnit } from "../../src/service/unit-file.js";
import { repository } from "../run-program.js";

/** The service of the documents. */
const usual: UnitFacts = {
  name: "nanoagent",
  node: "/usr/bin/node",
  program: "/usr/local/lib/node_modules/@nanoagent/cli/dist/main.js",
  config: "/etc/nanoagent/agent.yaml",
  account: { kind: "own" },
  memoryMb: 256,
  stateFolder: "/var/lib/nanoagent",
  mounts: [],
  writableFolders: [],
  environmentFile: "/etc/nanoagent/nanoagent.env",
  environment: {},
  needsLowPort: false,
};

const ofPerson: UnitFacts = {
  ...usual,
  account: { kind: "person", name: "pi" },
  writableFolders: ["/home/pi/agent/state"],
  environment: { PATH: "/home/pi/.nvm/versions/node/v22.1.0/bin:/usr/bin" },
};

const ofUser: UnitFacts = {
  ...usual,
  account: { kind: "user-manager" },
  stateFolder: "/home/pi/.local/state/nanoagent/services/nanoagent",
};

const has = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
const canAnalyze = has("systemd-analyze");

/** Writes a unit into a folder of its own. Its program is one that exists here. */
function placeUnit(facts: UnitFacts): string {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, `${facts.name}.service`);
  writeFileSync(file, writeUnit({ ...facts, node: process.execPath }));
  return file;
}

test("files of a config: those of commands stand beside it", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["script.py", "shed", "model.gguf"]) writeFileSync(path.join(folder, name), "");
  const config = {
    spec: { name: "shed" },
    model_path: path.join(folder, "model.gguf"),
    tools: [{ command: ["python3", "script.py", "missing.py"] }],
  } as unknown as Parameters<typeof filesIn>[0];
  expect((await filesIn(config, path.join(folder, "agent.yaml"))).sort()).toEqual(
    ["model.gguf", "script.py"].map((name) => path.join(folder, name)),
  );
});

describe("the unit", () => {
  test.each(["docs/service.md", "examples/service/nanoagent.service"])("stands in %s as install writes it", (file) => {
    expect(readFileSync(path.join(repository, file), "utf8")).toContain(writeUnit(usual));
  });

  test("has a user of its own, or the person who owns the config", () => {
    expect(writeUnit(usual)).toMatch(/^DynamicUser=yes$/m);
    expect(writeUnit(usual)).toMatch(/^ProtectHome=yes$/m);
    const person = writeUnit(ofPerson);
    expect(person).toMatch(/^User=pi$/m);
    expect(person).toMatch(/^ProtectHome=read-only$/m);
    expect(person).toMatch(/^ReadWritePaths=\/home\/pi\/agent\/state$/m);
    expect(person).toMatch(/^Environment=PATH=\/home\/pi\/.nvm/m);
  });

  test("of a user has no option that needs privileges", () => {
    const unit = writeUnit(ofUser);
    expect(unit).not.toMatch(/^(?:Protect|Private|User=|DynamicUser|CapabilityBoundingSet|StateDirectory)/m);
    expect(unit).toMatch(/^WantedBy=default.target$/m);
    expect(unit).toContain(`\nEnvironment=XDG_STATE_HOME=${ofUser.stateFolder}\n`);
    expect(unit).toMatch(/^NoNewPrivileges=yes$/m);
  });

  test("waits for the disks of its files", () => {
    expect(writeUnit(usual)).not.toContain("RequiresMountsFor");
    const mounts = lateMounts(["/mnt/a disk/m.gguf", "/etc/nanoagent/agent.yaml", "/srv/100%", "/srv/100%"]);
    expect(writeUnit({ ...usual, mounts })).toMatch(/^RequiresMountsFor="\/mnt\/a disk\/m.gguf" \/srv\/100%%$/m);
  });

  test("opens ports below 1024 only if it needs one", () => {
    expect(writeUnit(usual)).toMatch(/^CapabilityBoundingSet=$/m);
    expect(writeUnit(usual)).not.toContain("AmbientCapabilities");
    expect(writeUnit({ ...usual, needsLowPort: true })).toMatch(/^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
  });

  test("keeps paths with marks that systemd understands", () => {
    const text = writeUnit({ ...usual, program: '/opt/100% "$HOME"/main.js', config: "/etc/an agent/a\\b.yaml" });
    expect(text).toContain(
      'ExecStart=/usr/bin/node "/opt/100%% \\"$$HOME\\"/main.js" serve --config "/etc/an agent/a\\\\b.yaml"',
    );
  });

  test("is read again with the same paths", () => {
    const name = fc.string({ minLength: 1, unit: fc.constantFrom(..."aä %$\"'\\;#=~{}`-") });
    fc.assert(
      fc.property(name, name, fc.integer({ min: 1, max: 1_000_000 }), (program, config, memoryMb) => {
        const facts = { ...usual, program: `/opt/${program}/main.js`, config: `/etc/${config}.yaml`, memoryMb };
        expect(readUnit(writeUnit(facts))).toEqual({
          node: facts.node,
          program: facts.program,
          config: facts.config,
          memoryMb,
        });
      }),
    );
  });

  test.each([
    ["config", { config: "/etc/a\nExecStartPre=+/bin/true\n#.yaml" }],
    ["config", { config: "/etc/a\\" }],
    ["program", { program: "/opt/a\rb/main.js" }],
    ["session.dir", { writableFolders: ["/home/pi/s\nExecStartPre=+/bin/true"] }],
    ["environment", { environment: { HF_HUB_CACHE: "/a\nUser=root" } }],
    ["user", { account: { kind: "person", name: "pi\nUser=root" } }],
    ["file of variables", { environmentFile: "/etc/a\nb" }],
  ] as const)("never has a line that a value wrote: %s", (_, facts) => {
    expect(() => writeUnit({ ...usual, ...facts })).toThrow(TypeError);
  });

  test("is read only if install wrote it", () => {
    expect(readUnit("[Service]\nExecStart=/bin/true\n")).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => readUnit(text) === null));
  });

  test.skipIf(!canAnalyze).each([
    ["with a user of its own", usual],
    ["of a person", { ...ofPerson, account: { kind: "person", name: "daemon" } }],
    ["on a low port", { ...usual, needsLowPort: true }],
  ] as const)("%s: its exposure is at most 3.0 (needs systemd-analyze)", (_, facts) => {
    const { stdout } = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", placeUnit(facts)], {
      encoding: "utf8",
    });
    const [, level] = /exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(level)).toBeLessThanOrEqual(3.0);
  });

  test.skipIf(!canAnalyze).each([
    ["with a user of its own", usual],
    ["with odd paths", { ...usual, program: '/opt/100% "$HOME"/main.js', config: "/etc/an agent/a\\b.yaml" }],
    ["of a person", { ...ofPerson, account: { kind: "person", name: "daemon" } }],
  ] as const)("%s: systemd finds nothing wrong with it (needs systemd-analyze)", (_, facts) => {
    const file = placeUnit(facts);
    const { stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    expect(stderr.split("\n").filter((line) => line.includes("nanoagent"))).toEqual([]);
  });
});
