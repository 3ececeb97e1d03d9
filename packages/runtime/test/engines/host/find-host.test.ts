import { mkdir, realpath, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { findHost } from "../../../src/engines/host/find-host.js";
import { HOST_VARIABLE } from "../../../src/engines/host/host-protocol.js";
import { temporaryFolder } from "../../temporary-folder.js";

/** Writes files below a new folder, with their paths as content, and returns the folder. */
async function lay(...files: string[]): Promise<string> {
  const folder = await realpath(await temporaryFolder());
  for (const file of files) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(
      path.join(folder, file),
      file.endsWith("package.json")
        ? JSON.stringify({ name: "@nanoagent/runtime", exports: { "./host-program": "./dist/host.js" } })
        : "",
    );
  }
  return folder;
}

const installed = ["node_modules/@nanoagent/runtime/package.json", "node_modules/@nanoagent/runtime/dist/host.js"];

/** Folders with special names that may contain an app. */
const folders = [
  "app",
  "with space",
  "ünïcode 🌱",
  "100%25",
  "a#b?c",
  "[x]{y}",
  "'quoted'",
  `${"long/".repeat(30)}end`,
];
/** Layouts of an app: title, files, the file that runs, and the expected host. */
const layouts: [string, string[], string, string][] = [
  ["installed", installed, "src/app.js", "node_modules/@nanoagent/runtime/dist/host.js"],
  ["bundled as .mjs", ["dist/host-program.mjs"], "dist/app.mjs", "dist/host-program.mjs"],
  ["bundled as .js", ["dist/host-program.js"], "dist/app.js", "dist/host-program.js"],
  ["bundled as .cjs", ["dist/host-program.cjs"], "dist/app.cjs", "dist/host-program.cjs"],
  ["bundled in a project", [...installed, "dist/host-program.mjs"], "dist/app.mjs", "dist/host-program.mjs"],
];
const all = folders.flatMap((folder) =>
  layouts.map(([title, files, app, host]) => [`${title} in ${folder.slice(0, 20)}`, folder, files, app, host] as const),
);

describe("the program of an engine's process", () => {
  test.each(all)("is found: %s", async (_, folder, files, app, host) => {
    const root = path.join(await lay(...[...files, app].map((file) => `${folder}/${file}`)), folder);
    expect(findHost({}, [path.join(root, app)]).hostFile).toBe(path.join(root, host));
  });

  test.each(folders)("can be passed as a path or as a URL, in %s", async (folder) => {
    const file = path.join(await lay(`${folder}/any.mjs`), folder, "any.mjs");
    const forms = [file, path.relative(process.cwd(), file), pathToFileURL(file), pathToFileURL(file).href];
    for (const hostFile of forms) expect(findHost({ hostFile }, []).hostFile).toBe(file);
  });

  test("is searched for beside the next file if the first no longer exists", async () => {
    const root = await lay("dist/host-program.mjs");
    const places = ["/build/machine/node_modules/@nanoagent/runtime/dist/chunk.js", path.join(root, "dist/app.mjs")];
    expect(findHost({}, places).hostFile).toBe(path.join(root, "dist/host-program.mjs"));
  });

  test.each([
    ["nowhere to look", {}, []],
    ["an empty folder", {}, [path.join(path.sep, "nowhere", "app.js")]],
    ["a file that was given and is missing", { hostFile: "/nowhere/host.mjs" }, []],
    ["a URL that is not a file URL", { hostFile: "https://example.org/host.mjs" }, []],
  ])("causes a typed error if not found: %s", (_, files, places) => {
    const error = expect.objectContaining({
      code: "engine-unavailable",
      failure: "host-not-found",
      hint: expect.stringContaining("hostFile"),
    });
    expect(() => findHost(files, places)).toThrow(error);
  });

  test("is found beside an Electron archive and rejected inside one", async () => {
    const inside = installed.map((file) => `app.asar/${file}`);
    const root = await lay("app.asar/main.js", ...inside);
    const places = [path.join(root, "app.asar/main.js")];
    expect(() => findHost({}, places)).toThrow(
      expect.objectContaining({ failure: "host-in-archive", hint: expect.stringContaining("asarUnpack") }),
    );
    const unpacked = path.join(root, "app.asar.unpacked/node_modules/@nanoagent/runtime/dist/host.js");
    await mkdir(path.dirname(unpacked), { recursive: true });
    await writeFile(unpacked, "");
    expect(findHost({}, places).hostFile).toBe(unpacked);
  });
});

describe("the Node binary for the engine's process", () => {
  const changed: (() => void)[] = [];
  afterEach(() => {
    for (const restore of changed.splice(0)) restore();
  });
  function pretend(target: object, key: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, key);
    Object.defineProperty(target, key, { value, configurable: true, enumerable: true });
    changed.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, before);
    });
  }
  const hostFile = new URL(import.meta.url);

  test("is this one, marked as a host by its environment", () => {
    const { nodeFile, environment, flags } = findHost({ hostFile });
    expect({ nodeFile, environment, flags }).toEqual({
      nodeFile: process.execPath,
      environment: { [HOST_VARIABLE]: "1" },
      flags: [],
    });
  });

  test.each([undefined, "/Helper"])("is Electron in Node mode (helper: %s)", (helper) => {
    pretend(process.versions, "electron", "39.0.0");
    if (helper !== undefined) pretend(process, "helperExecPath", helper);
    const { nodeFile, environment } = findHost({ hostFile });
    expect(nodeFile).toBe(helper ?? process.execPath);
    expect(environment).toMatchObject({ ELECTRON_RUN_AS_NODE: "1" });
  });

  test.each([
    ["Bun", () => pretend(process.versions, "bun", "1.4.5")],
    ["NW.js", () => pretend(process.versions, "nw", "0.90.0")],
    ["pkg", () => pretend(process, "pkg", { entrypoint: "/snapshot/app.js" })],
    ["Deno", () => pretend(globalThis, "Deno", { build: { standalone: true } })],
    ["single executable", () => pretend(process, "getBuiltinModule", () => ({ isSea: () => true }))],
  ])("must be passed if this program is %s", (name, arrange) => {
    arrange();
    expect(() => findHost({ hostFile })).toThrow(
      expect.objectContaining({
        code: "engine-unavailable",
        failure: "no-node",
        message: expect.stringContaining(name),
        hint: expect.stringMatching(/nodeFile.*isolation: none/),
      }),
    );
    expect(findHost({ hostFile, nodeFile: "/usr/bin/node" }).nodeFile).toBe("/usr/bin/node");
  });

  test("gets the hooks of Yarn's Plug'n'Play", async () => {
    const root = await lay("app.js", ".pnp.loader.mjs", "node_modules/pnpapi/index.js");
    pretend(process.versions, "pnp", "3");
    const hooks = path.join(root, "node_modules/pnpapi/index.js");
    const places = [path.join(root, "app.js")];
    expect(findHost({ hostFile }, places).flags).toEqual(["--require", hooks]);
    await writeFile(path.join(path.dirname(hooks), ".pnp.loader.mjs"), "");
    const loader = pathToFileURL(path.join(path.dirname(hooks), ".pnp.loader.mjs")).href;
    expect(findHost({ hostFile }, places).flags).toEqual(["--require", hooks, "--experimental-loader", loader]);
  });
});
