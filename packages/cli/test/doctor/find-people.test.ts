import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os, { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPeople } from "../../src/doctor/find-people.js";

/** Writes a user database into a folder that is removed after the test. */
function database(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-people-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "passwd");
  writeFileSync(file, text);
  return file;
}

const { username } = os.userInfo();
const USERS =
  "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/srv/people/anna:/bin/sh\nanna2:x:1001:1001::/srv/other:/bin/sh\n";

test.each(["SUDO_USER", "DOAS_USER"])("the user in %s has a name and a home, also outside /home", async (variable) => {
  const people = await findPeople({ HOME: "/root", [variable]: "anna" }, database(USERS));
  expect(people).toEqual({ users: [username, "anna"], homes: ["/root", "/srv/people/anna"] });
});

test("without these variables there is the user of the process alone", async () => {
  expect(await findPeople({ HOME: "/h" }, database(USERS))).toEqual({ users: [username], homes: ["/h"] });
});

test.each([
  ["a user without an entry", USERS, "berta"],
  ["lines in other forms", "anna\nanna:x\n\0\n::::::\n", "anna"],
  ["a file with more than 1 MB", `${"#".repeat(2 ** 20)}\n${USERS}`, "anna"],
])("the name stays known with %s", async (_, text, name) => {
  const people = await findPeople({ HOME: "/root", SUDO_USER: name }, database(text));
  expect(people).toEqual({ users: [username, name], homes: ["/root"] });
});

test("a user database that cannot be read changes nothing else", async () => {
  for (const file of ["/no/such/file", tmpdir()]) {
    const people = await findPeople({ HOME: "/root", SUDO_USER: "anna" }, file);
    expect(people).toEqual({ users: [username, "anna"], homes: ["/root"] });
  }
});
