import { describe, expect, test } from "vitest";
import { passingProgram, stableProgramPaths } from "../../src/service/stable-program-path.js";

/** A file system of links: every path is real unless it is listed. */
function withLinks(links: Record<string, string>) {
  return {
    realPath(file: string): string {
      if (file.startsWith("/missing")) throw new Error("ENOENT");
      const [from, to] = Object.entries(links).find(([link]) => file.startsWith(link)) ?? ["", ""];
      return to + file.slice(from.length);
    },
  };
}

const PROGRAM = "/usr/local/lib/node_modules/@nanoagent/cli/dist/main.js";

describe("paths that exist at the next boot", () => {
  test.each([
    ["nvm", "/home/pi/.nvm/versions/node/v22.1.0/bin/node", {}, "/home/pi/.nvm/versions/node/v22.1.0/bin/node"],
    [
      "fnm",
      "/run/user/1000/fnm_multishells/7_1/bin/node",
      { "/run/user/1000/fnm_multishells/7_1": "/home/pi/.local/share/fnm/node-versions/v22.1.0/installation" },
      "/home/pi/.local/share/fnm/node-versions/v22.1.0/installation/bin/node",
    ],
    ["a package", "/usr/bin/node", {}, "/usr/bin/node"],
    ["snap", "/snap/node/9021/bin/node", { "/snap/node/current": "/snap/node/9021" }, "/snap/node/current/bin/node"],
    ["snap without a link", "/snap/node/9021/bin/node", {}, "/snap/node/9021/bin/node"],
    [
      "Homebrew",
      "/home/linuxbrew/.linuxbrew/Cellar/node/24.1.0/bin/node",
      { "/home/linuxbrew/.linuxbrew/opt/node": "/home/linuxbrew/.linuxbrew/Cellar/node/24.1.0" },
      "/home/linuxbrew/.linuxbrew/opt/node/bin/node",
    ],
    [
      "a link that leads to another version",
      "/home/linuxbrew/.linuxbrew/Cellar/node@22/22.1.0/bin/node",
      { "/home/linuxbrew/.linuxbrew/opt/node@22": "/elsewhere" },
      "/home/linuxbrew/.linuxbrew/Cellar/node@22/22.1.0/bin/node",
    ],
  ])("%s", (_, node, links, expected) => {
    expect(stableProgramPaths(node, PROGRAM, withLinks(links))).toEqual({ node: expected, program: PROGRAM });
  });

  test("of pnpm's store lead through its link", () => {
    const folder = "/home/pi/.local/share/pnpm/global/5";
    const real = `${folder}/.pnpm/@nanoagent+cli@0.1.0/node_modules/@nanoagent/cli`;
    const links = withLinks({ [`${folder}/node_modules/@nanoagent/cli`]: real });
    const { program } = stableProgramPaths("/usr/bin/node", `${real}/dist/main.js`, links);
    expect(program).toBe(`${folder}/node_modules/@nanoagent/cli/dist/main.js`);
  });

  test.each([
    "/home/pi/.npm/_npx/0123/node_modules/@nanoagent/cli/dist/main.js",
    "/home/pi/.cache/pnpm/dlx-77/node_modules/@nanoagent/cli/dist/main.js",
    "/tmp/bunx-1000-nanoagent/node_modules/@nanoagent/cli/dist/main.js",
    "/tmp/nanoagent/packages/cli/dist/main.js",
  ])("%s is refused with the command that installs it", (program) => {
    expect(passingProgram(stableProgramPaths("/usr/bin/node", program, withLinks({})))).toMatchObject({
      code: "service-unsuitable",
      hint: expect.stringContaining("npm install --global ./packages/cli"),
    });
  });
});
