import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { repository } from "../run-program.js";

interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  exports?: Record<string, unknown>;
  publishConfig?: { exports?: Record<string, unknown> };
  files?: string[];
}

const manifests = new Map(
  readdirSync(path.join(repository, "packages")).map((folder) => [
    folder,
    JSON.parse(readFileSync(path.join(repository, "packages", folder, "package.json"), "utf8")) as Manifest,
  ]),
);
const published = [...manifests].filter(([, { private: isPrivate }]) => !isPrivate);

/** The structure of the workspace. A change of it is a deliberate decision, recorded here. */
const shape = {
  models: { dependencies: [], peers: [], exports: [".", "./package.json", "./schemas/*.json"] },
  profiler: { dependencies: ["@nanoagent/models"], peers: [], exports: [".", "./package.json", "./testing"] },
  optimizer: { dependencies: ["@nanoagent/models"], peers: [], exports: [".", "./package.json", "./testing"] },
  hub: {
    dependencies: ["@nanoagent/models", "@nanoagent/optimizer"],
    peers: [],
    exports: [".", "./local-models", "./package.json", "./schemas/*.json", "./testing"],
  },
  runtime: {
    dependencies: ["@nanoagent/models"],
    peers: [
      "@modelcontextprotocol/client",
      "@nanoagent/optimizer",
      "@nanoagent/profiler",
      ...["linux-arm64", "linux-x64", "mac-arm64-metal", "mac-x64", "win-arm64", "win-x64"].map(
        (platform) => `@node-llama-cpp/${platform}`,
      ),
      "yaml",
    ],
    exports: [
      ".",
      "./code-cache",
      "./engines/llama",
      "./engines/openai-compatible",
      "./eval",
      "./host-program",
      "./node",
      "./package.json",
      "./program",
      "./testing",
    ],
  },
  server: {
    dependencies: ["@nanoagent/models"],
    peers: ["@nanoagent/runtime"],
    exports: [".", "./mqtt", "./package.json", "./program", "./triggers"],
  },
  fleet: {
    dependencies: ["@nanoagent/models", "@nanoagent/server"],
    peers: ["@nanoagent/runtime"],
    exports: [".", "./bundles", "./package.json", "./schemas/*.json"],
  },
  // The program contains its parts inlined: one package to install.
  cli: { dependencies: [], peers: [], exports: ["./package.json"] },
};

test("the packages have these dependencies and exports", () => {
  const found = Object.fromEntries(
    published.map(([folder, manifest]) => [
      folder,
      {
        dependencies: Object.keys(manifest.dependencies ?? {}).sort(),
        peers: Object.keys(manifest.peerDependencies ?? {}).sort(),
        exports: Object.keys(manifest.exports ?? {}).sort(),
      },
    ]),
  );
  expect(found).toEqual(shape);
});

describe.each(published)("%s", (folder, manifest) => {
  test("is named after its folder and has the common version", () => {
    expect(manifest.name).toBe(`@nanoagent/${folder}`);
    expect(manifest.version).toBe(manifests.get("models")?.version);
  });

  test("has only optional peers, with ranges for our own packages that include minor releases", () => {
    expect(manifest.optionalDependencies).toBeUndefined();
    for (const [name, range] of Object.entries(manifest.peerDependencies ?? {})) {
      expect(manifest.peerDependenciesMeta?.[name]).toEqual({ optional: true });
      if (name.startsWith("@nanoagent/")) expect(range).toBe(">=0.1.0 <1");
    }
  });

  test("publishes its development exports, without the sources and source-only exports", () => {
    const all = JSON.parse(JSON.stringify(manifest.exports), (key, value) =>
      key === "@nanoagent/source" ? undefined : value,
    );
    const isBuilt = ([, target]: [string, unknown]) =>
      typeof target === "string" || Object.keys(target as object).length > 0;
    const developed = Object.fromEntries(Object.entries(all).filter(isBuilt));
    expect(manifest.publishConfig?.exports ?? manifest.exports).toEqual(developed);
    expect(manifest.files?.filter((file) => file !== "dist" && file !== "schemas")).toEqual([]);
  });
});

test("no packages depend on each other in development", () => {
  const needs = (name: string) => {
    const manifest = manifests.get(name.replace("@nanoagent/", ""));
    return Object.keys({ ...manifest?.dependencies, ...manifest?.devDependencies }).filter((other) =>
      other.startsWith("@nanoagent/"),
    );
  };
  const visit = (name: string, way: readonly string[]): void => {
    expect(way, `a circle: ${[...way, name].join(" → ")}`).not.toContain(name);
    for (const other of needs(name)) visit(other, [...way, name]);
  };
  for (const { name } of manifests.values()) visit(name, []);
});
