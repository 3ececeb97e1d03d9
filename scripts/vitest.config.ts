import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const packages = readdirSync(path.join(root, "packages"));

export default defineConfig({
  root,
  test: {
    // Vitest leaves one core free. Many tests wait for programs that they started, and could use it.
    maxWorkers: availableParallelism(),
    globalSetup: [path.join(root, "scripts/vitest.global-setup.ts")],
    reporters: process.env.CI
      ? ["default", ["json", { outputFile: path.join(root, "coverage/tests.json") }]]
      : ["default"],
    projects: packages.map((name) => ({
      extends: true,
      // Tests run the sources. Only tests of the built packages need a build.
      resolve: { conditions: ["@nanoagent/source"] },
      ssr: { resolve: { conditions: ["@nanoagent/source"] } },
      test: {
        name,
        root: path.join(root, "packages", name),
        include: ["test/**/*.test.ts"],
        setupFiles: [path.join(root, "scripts/vitest.setup.ts")],
        // Some tests start programs and install packages, on machines that may be slow.
        testTimeout: 60_000,
        expect: { poll: { timeout: 20_000 } },
      },
    })),
  },
});
