import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const packages = readdirSync(path.join(root, "packages"));

export default defineConfig({
  root,
  test: {
    globalSetup: [path.join(root, "scripts/vitest.global-setup.ts")],
    reporters: process.env.CI
      ? ["default", ["json", { outputFile: path.join(root, "coverage/tests.json") }]]
      : ["default"],
    projects: packages.map((name) => ({
      extends: true,
      // Tests run the sources; no build is needed for them, except where a test says that it looks at the built packages.
      resolve: { conditions: ["@nanoagent/source"] },
      ssr: { resolve: { conditions: ["@nanoagent/source"] } },
      test: {
        name,
        root: path.join(root, "packages", name),
        include: ["test/**/*.test.ts"],
        setupFiles: [path.join(root, "scripts/vitest.setup.ts")],
        // Programs are started and packages installed in some of them, on machines that may be slow.
        testTimeout: 60_000,
      },
    })),
  },
});
