// Compiles a small program against the installed packages, with every module resolution of TypeScript, and with
// settings that are known to break declarations. Returns the failures.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

const entries = [
  "models",
  "profiler",
  "profiler/testing",
  "optimizer",
  "optimizer/testing",
  "hub",
  "hub/local-models",
  "hub/testing",
  "runtime",
  "runtime/node",
  "runtime/testing",
  "runtime/engines/llama",
  "runtime/engines/openai-compatible",
  "server",
  "server/triggers",
  "server/mqtt",
  "fleet",
  "fleet/bundles",
];

/** Module resolutions, with their module formats. `classic` is left out: it does not read `node_modules`. */
const resolutions = {
  node10: ["commonjs", "esnext"],
  node16: ["node16"],
  nodenext: ["nodenext"],
  bundler: ["esnext"],
};

/** The first is tried with every resolution, the others with the two most common resolutions. */
const settings = [
  { types: [], lib: ["ES2022", "DOM"] },
  { types: [], exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, isolatedModules: true },
  { skipLibCheck: true, target: "ES2020", lib: ["ES2020"] },
  { target: "ESNext", lib: ["ESNext", "DOM", "DOM.Iterable"], esModuleInterop: false },
];

/** Program that uses the packages. If a type became `any`, the wrong key would be accepted. */
const use = `${entries.map((entry, at) => `import * as entry${at} from "@nanoagent/${entry}";`).join("\n")}
import { NanoRuntime } from "@nanoagent/runtime";
import type { NanoAgentConfigInput } from "@nanoagent/models";
const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 };
export const config: NanoAgentConfigInput = { spec: { name: "a" }, device };
// @ts-expect-error an unknown key
export const wrong: NanoAgentConfigInput = { spec: { name: "a", max_memry_mb: 5 }, device };
export const runtime = new NanoRuntime({ hostFile: "host-program.mjs" });
export const all: object[] = [${entries.map((_, at) => `entry${at}`).join(", ")}];
`;

/**
 * @param {string} folder with the packages in `node_modules`
 * @param {string} typescript folder of TypeScript
 * @returns {{ tried: number, failures: string[] }}
 */
export function checkTypes(folder, typescript) {
  const failures = [];
  let tried = 0;
  for (const [moduleResolution, modules] of Object.entries(resolutions)) {
    for (const module of modules) {
      const isCommon = moduleResolution === "bundler" || moduleResolution === "node10";
      for (const extra of isCommon && module === "esnext" ? settings : settings.slice(0, 1)) {
        const compilerOptions = { target: "ES2022", strict: true, noEmit: true, ...extra, module, moduleResolution };
        writeFileSync(path.join(folder, "use.mts"), use);
        writeFileSync(path.join(folder, "use.ts"), use);
        const file = module.startsWith("node") ? "use.mts" : "use.ts";
        writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
        const compiler = path.join(typescript, "bin/tsc");
        const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
          encoding: "utf8",
        });
        tried += 1;
        if (status !== 0) failures.push(`${JSON.stringify(compilerOptions)}\n${stdout}${stderr}`);
      }
    }
  }
  return { tried, failures };
}
