import { expect, test } from "vitest";
import { describeInstallation } from "../../src/doctor/sections/program-facts.js";

test.each([
  ["/usr/lib/node_modules/@nanoagent/cli/dist/main.js", "with npm install --global"],
  ["/usr/local/lib/node_modules/@nanoagent/cli/dist/main.js", "with npm install --global"],
  ["C:\\Users\\a\\AppData\\Roaming\\npm\\node_modules\\@nanoagent\\cli\\dist\\main.js", "with npm install --global"],
  [
    "/home/a/.nvm/versions/node/v22.12.0/lib/node_modules/@nanoagent/cli/dist/main.js",
    "with npm, for a Node of a version manager",
  ],
  ["/home/a/.npm/_npx/0a1b/node_modules/@nanoagent/cli/dist/main.js", "with npx, in its cache"],
  [
    "/home/a/.local/share/pnpm/global/5/.pnpm/@nanoagent+cli@0.1.0/node_modules/@nanoagent/cli/dist/main.js",
    "with pnpm",
  ],
  ["/srv/app/node_modules/@nanoagent/cli/dist/main.js", "as a dependency in a folder"],
  ["/srv/nanoagent/packages/cli/dist/main.js", "from the sources"],
  ["", "unknown"],
])("%s", (program, expected) => {
  expect(describeInstallation(program)).toBe(expected);
});
