import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { readSkills } from "@nanoagent/runtime/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSkill } from "../../src/skills/parse-skill.js";
import { temporaryFolder } from "../temporary-folder.js";

async function write(root: string, file: string, text: string) {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), text);
}

const names = [
  "pump-care",
  "Pump Care",
  "acme:pump",
  "pump_care",
  "PUMP",
  "a--b",
  `${"long-".repeat(20)}name`,
  "7",
  "Ünïcode",
  "水",
  "null",
  "yes",
];
const descriptions = [
  "Looks after pumps",
  "Use this skill when: the user asks about pumps",
  "Pumps: care, repair: all of it",
  "Pumps # and valves",
  "'quoted' at the beginning of pumps",
  '"pumps" and valves',
  "[pumps] and valves",
  "{pumps}",
  "*pumps* in bold",
  "& pumps",
  "! pumps",
  "% of pumps",
  "@pumps",
  "`pumps`",
  "- pumps",
  "pumps, see https://pumps.example/a?b: c",
  "> pumps",
  "| pumps",
  'it\'s about pumps: "all" of them',
  `pumps ${"and more ".repeat(300)}`,
  "pumps\n  in the garden: all",
  ">-\n  pumps\n  in the garden: all",
  "|\n  pumps:\n  - one",
];
const others = [
  "",
  "license: MIT",
  "allowed-tools: Bash(git:*), Read",
  "allowed-tools: [Read, Write]",
  "allowed-tools:\n  - Read\n  - Write",
  "allowed_tools: Read Write",
  "metadata: {a: {b: [1]}}",
  "metadata: text",
  "metadata:\n\tauthor: me",
  "metadata:\n  - a\n  - b",
  "unknown: [1, {a: b}]",
  "version: 1.0.0: beta",
  "license: MIT\nlicense: Apache",
  "tags: @all",
  "compatibility: Needs: git",
  "# a comment",
  "a line that is nothing",
];
const newlines = { lf: "\n", crlf: "\r\n", cr: "\r" };

test("loads a skill with everything readable, in any notation", async () => {
  const skill = fc.record({
    name: fc.constantFrom(...names),
    description: fc.constantFrom(...descriptions),
    other: fc.constantFrom(...others),
    key: fc.constantFrom("description", "Description"),
    fence: fc.constantFrom("---", "--- ", "----", "..."),
    isClosed: fc.boolean(),
    start: fc.constantFrom("", "\uFEFF", "\n\n"),
    newline: fc.constantFrom(...Object.values(newlines)),
    isFirst: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(skill, async ({ name, description, other, key, fence, isClosed, start, newline, isFirst }) => {
      const lines = [`name: ${name}`, `${key}: ${description}`];
      const front = (isFirst ? [other, ...lines] : [...lines, other]).join("\n");
      const text = `${start}---\n${front}\n${isClosed ? fence : ""}\n# Do it\n\nOpen the valve.\n`;
      const read = await parseSkill("SKILL.md", text.replaceAll("\n", newline), "folder");
      if (!(other === "a line that is nothing" && !isClosed)) expect(read.description.toLowerCase()).toContain("pumps");
      expect(read.description).not.toContain("Open the valve");
      expect(read.name.length).toBeGreaterThan(0);
      expect(read.body).toContain("Open the valve.");
      expect(read.warnings.every(({ severity }) => severity === "warning")).toBe(true);
    }),
    { numRuns: process.env.NANOAGENT_SOAK ? 5000 : 600 },
  );
});

describe("fields of any shape", () => {
  test.each([
    ["allowed-tools: Bash(git:*), Read  Write", ["Bash(git:*)", "Read", "Write"]],
    ["allowed-tools: [Read, 'Bash(npm run *)']", ["Read", "Bash(npm run *)"]],
    ["allowed-tools:\n- Read", ["Read"]],
    ["allowedTools: Read", ["Read"]],
    ["allowed-tools: {a: 1}", ['{"a":1}']],
    ["allowed-tools:", []],
  ])("%s", async (line, tools) => {
    const { allowedTools } = await parseSkill("SKILL.md", `---\nname: a\ndescription: b\n${line}\n---\n`, "a");
    expect(allowedTools).toEqual(tools);
  });

  test("uses the folder's name and the first paragraph without front matter", async () => {
    const read = await parseSkill("SKILL.md", "# Valves\n\nHow to open a valve.\n\nTurn it.", "valves");
    expect(read).toMatchObject({ name: "valves", description: "How to open a valve." });
    expect(read.warnings.map(({ message }) => message)).toHaveLength(3);
  });
});

describe("collections of skills", () => {
  const skill = (name: string) => `---\nname: ${name}\ndescription: About ${name}.\n---\nBody.\n`;

  test("finds a SKILL.md in any letter case, at any level, and in the folder itself", async () => {
    const root = await temporaryFolder();
    await write(root, "SKILL.md", skill("top"));
    await write(root, "one/skill.md", skill("one"));
    await write(root, "group/two/Skill.md", skill("two"));
    await write(root, "repository/skills/group/three/SKILL.MD", skill("three"));
    await write(root, "one/references/SKILL.md", skill("no-skill-of-its-own"));
    await write(root, "node_modules/x/SKILL.md", skill("no-skill"));
    await symlink("../group", path.join(root, "one", "around"));
    await symlink(".", path.join(root, "again"));
    await symlink("group", path.join(root, "same"));
    const { skills } = await readSkills(root);
    expect(skills.map(({ name }) => name)).toEqual(["one", "three", "top", "two"]);
    const [one] = skills;
    expect(await one?.readBody()).toBe("Body.");
  });

  test("names the second of two skills with the same name after its folder", async () => {
    const root = await temporaryFolder();
    await write(root, "a/SKILL.md", skill("same"));
    await write(root, "b/SKILL.md", skill("same"));
    await write(root, "c/d/SKILL.md", skill("same"));
    await write(root, "e/d/SKILL.md", skill("same"));
    const { skills, issues } = await readSkills(root);
    expect(skills.map(({ name }) => name)).toEqual(["b", "d", "same"]);
    expect(issues.filter(({ severity }) => severity === "error")).toHaveLength(1);
  });

  test("keeps the wanted ones of too many, by folder or by name", async () => {
    const root = await temporaryFolder();
    for (let index = 0; index < 300; index++) {
      await write(
        root,
        `skill-${String(index).padStart(3, "0")}/SKILL.md`,
        skill(index === 298 ? "by-name" : `s-${index}`),
      );
    }
    const { skills, issues } = await readSkills(root, { wanted: ["skill-299", "by-name"] });
    const found = skills.map(({ name }) => name);
    expect(found).toContain("s-299");
    expect(found).toContain("by-name");
    expect(issues.at(-1)?.message).toMatch(/more than 256 skills; \d+ that no capability names were skipped/);
  });
});
