import { execFileSync } from "node:child_process";
import { mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { readSkills } from "@nanoagent/runtime/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidSkillError } from "../../src/skills/invalid-skill-error.js";
import { parseSkill } from "../../src/skills/parse-skill.js";
import { temporaryFolder } from "../temporary-folder.js";

async function writeSkill(
  root: string,
  name: string,
  text = `---\nname: ${name}\ndescription: About ${name}.\n---\nBody.\n`,
) {
  await mkdir(path.join(root, name), { recursive: true });
  await writeFile(path.join(root, name, "SKILL.md"), text);
}

async function faultOf(text: string | Buffer, name = "valves"): Promise<string> {
  const root = await temporaryFolder();
  await writeSkill(root, name, text as string);
  const { skills, issues } = await readSkills(root);
  expect(skills).toEqual([]);
  return issues.map(({ message }) => message.replace(`${path.join(root, name)}${path.sep}`, "")).join();
}

test("reads each folder with a SKILL.md as a skill, sorted by name, with its body and files on demand", async () => {
  const root = await temporaryFolder();
  await writeSkill(root, "watering");
  await writeSkill(
    root,
    "air-2",
    "\ufeff---\r\nname: air-2\r\ndescription: >\r\n  When it is hot:\r\n  open the windows.\r\nlicense: MIT\r\nmetadata:\r\n  author: me\r\n  version: 2\r\n  nested: {a: 1}\r\nallowed-tools: windows  fans\r\nunknown: [1]\r\n---\r\n\r\n# Air\r\n\r\n---\r\nOpen.\r\n",
  );
  await mkdir(path.join(root, "air-2", "references"));
  await writeFile(path.join(root, "air-2", "references", "fans.md"), "Two fans.");
  await mkdir(path.join(root, "no-skill"));
  await writeFile(path.join(root, "README.md"), "Not a skill.");
  await writeSkill(root, ".hidden");

  const { skills, issues } = await readSkills(root);
  expect(issues).toEqual([]);
  expect(skills.map(({ name }) => name)).toEqual(["air-2", "watering"]);
  const [air] = skills;
  expect(air).toMatchObject({
    description: "When it is hot: open the windows.",
    license: "MIT",
    compatibility: null,
    metadata: { author: "me", version: "2", nested: '{"a":1}' },
    allowedTools: ["windows", "fans"],
  });
  expect(JSON.stringify(air)).not.toContain("Open.");
  expect(await air?.readBody()).toBe("# Air\n\n---\nOpen.");
  expect(await air?.readFile("references/fans.md")).toBe("Two fans.");
  await rm(path.join(root, "air-2"), { recursive: true });
  await expect(air?.readBody()).rejects.toMatchObject({ code: "invalid-skill" });
});

describe("the error of an unusable skill says where and why", () => {
  test.each([
    ["", "SKILL.md:1: it has neither a description nor a body."],
    ["---\n---\n", "SKILL.md:2: it has neither a description nor a body."],
    ["---\nname: valves\n---\n", "SKILL.md:2: it has neither a description nor a body."],
    [`---\nname: valves\n${"# x\n".repeat(20_000)}---\na`, "SKILL.md:1: its front matter is longer than 64 KB."],
  ])("%#", async (text, message) => {
    expect(await faultOf(text)).toBe(message);
  });

  test("for binary data and for too many bytes", async () => {
    expect(await faultOf(Buffer.from("---\nname: valves\n\xff---", "latin1"))).toMatch(
      /^SKILL\.md: it is not UTF-8 text: line 3 has the byte 0xFF/,
    );
    expect(await faultOf(Buffer.from("---\x01\0---"))).toBe("SKILL.md: it is binary, not text.");
    expect(await faultOf(Buffer.alloc(300_000, "a"))).toMatch(
      /^SKILL\.md: it is larger than the limit of 262144 bytes/,
    );
  });

  test("a broken skill does not affect the others", async () => {
    const root = await temporaryFolder();
    await writeSkill(root, "broken", "");
    await writeSkill(root, "whole");
    await mkdir(path.join(root, "folder", "SKILL.md"), { recursive: true });
    const { skills, issues } = await readSkills(root);
    expect(skills.map(({ name }) => name)).toEqual(["whole"]);
    expect(issues.map(({ file }) => path.basename(path.dirname(file)))).toEqual(["broken", "folder"]);
  });
});

describe("nothing outside of the folder is read", () => {
  test("through a link to a skill, to its SKILL.md, or to one of its files", async () => {
    const outside = await temporaryFolder();
    await writeSkill(outside, "elsewhere");
    await writeFile(path.join(outside, "secret"), "secret");
    const root = await temporaryFolder();
    await writeSkill(root, "inside");
    await symlink(path.join(outside, "elsewhere"), path.join(root, "elsewhere"));
    await mkdir(path.join(root, "linked"));
    await symlink(path.join(outside, "elsewhere", "SKILL.md"), path.join(root, "linked", "SKILL.md"));
    await symlink("/dev/zero", path.join(root, "inside", "zero"));
    await symlink(path.join(outside, "secret"), path.join(root, "inside", "secret"));
    await symlink("itself", path.join(root, "inside", "itself"));
    await symlink("SKILL.md", path.join(root, "inside", "again.md"));

    const { skills, issues } = await readSkills(root);
    expect(skills.map(({ name }) => name)).toEqual(["inside"]);
    expect(issues.map(({ message, severity }) => `${severity}: ${message.split(": ")[1]}`)).toEqual([
      "error: it links outside the skills folder.",
      "error: it links outside the skills folder.",
    ]);
    const [inside] = skills;
    for (const name of [
      "secret",
      "zero",
      "itself",
      "../linked/SKILL.md",
      "../../x",
      "/etc/passwd",
      "a\0b",
      "..",
      ".",
      "",
    ]) {
      await expect(inside?.readFile(name), name).rejects.toBeInstanceOf(InvalidSkillError);
    }
    expect(await inside?.readFile("again.md")).toContain("About inside.");
  });

  test("nor a file of another skill, even through a link", async () => {
    const root = await temporaryFolder();
    await writeSkill(root, "one");
    await writeSkill(root, "two");
    await symlink("../two/SKILL.md", path.join(root, "one", "two.md"));
    const { skills } = await readSkills(root);
    await expect(skills[0]?.readFile("two.md")).rejects.toMatchObject({ code: "invalid-skill" });
  });

  test("when a skill is replaced by a link after it was found", async () => {
    const outside = await temporaryFolder();
    await writeFile(path.join(outside, "SKILL.md"), "---\nname: one\ndescription: a\n---\nsecret");
    const root = await temporaryFolder();
    await writeSkill(root, "one");
    const [one] = (await readSkills(root)).skills;
    await rm(path.join(root, "one"), { recursive: true });
    await symlink(outside, path.join(root, "one"));
    await expect(one?.readBody()).rejects.toMatchObject({ code: "invalid-skill" });
    await expect(one?.readFile("SKILL.md")).rejects.toMatchObject({ code: "invalid-skill" });
  });
});

test.skipIf(process.platform === "win32")("does not block on a pipe or read a huge sparse file", async () => {
  const root = await temporaryFolder();
  await mkdir(path.join(root, "pipe"));
  execFileSync("mkfifo", [path.join(root, "pipe", "SKILL.md")]);
  await writeSkill(root, "giant");
  await truncate(path.join(root, "giant", "SKILL.md"), 2 ** 40);
  const { issues } = await readSkills(root);
  expect(issues.map(({ message }) => message.split(": ")[1])).toEqual([
    "it is larger than the limit of 262144 bytes.",
    "it is not a regular file.",
  ]);
});

test("reports a folder that is a file, is missing, or has too many entries", async () => {
  const root = await temporaryFolder();
  await writeFile(path.join(root, "file"), "");
  await expect(readSkills(path.join(root, "file"))).rejects.toThrow("it is not a folder");
  await expect(readSkills(path.join(root, "none"))).rejects.toThrow("there is no such folder");
});

test("returns a skill or a typed error for any text", async () => {
  const part = fc.constantFrom(
    "---\n",
    "---",
    "name: ",
    "a",
    "description: b",
    "\n",
    "\r\n",
    ": ",
    "- ",
    "&x ",
    "*x",
    "{",
    "}",
    "'",
    '"',
    "\t",
    "é",
    "  ",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
      const skill = await parseSkill("SKILL.md", `---\n${parts.join("")}`, "a").catch((error: unknown) => error);
      if (skill instanceof Error) expect(skill).toBeInstanceOf(InvalidSkillError);
      else expect(skill).toMatchObject({ name: expect.stringMatching(/./) });
    }),
    { numRuns: process.env.NANOAGENT_SOAK ? 5000 : 500 },
  );
});
