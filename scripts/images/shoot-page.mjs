// Takes pictures of the page of a served agent, in a real Chromium: for documents, and to look at.
//
//   node scripts/images/shoot-page.mjs [FOLDER]     default: docs/images, only the pictures of documents
//
// Needs the built program (npm run prestart), and chromium in PATH or in PLAYWRIGHT_CHROMIUM.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const { chromium } = createRequire(path.join(repository, "packages/server/package.json"))("playwright-core");
const [target = path.join(repository, "docs/images")] = process.argv.slice(2);
const isForDocuments = process.argv.length < 3;

const PLAN = `Here is the plan for **tonight**:

1. Lower the *living room* to 19 °C.
2. Keep the bathroom at 21 °C until 22:30.

| Room        | Now     | Target |
| ----------- | ------- | ------ |
| Living room | 21.5 °C | 19 °C  |
| Bathroom    | 20.0 °C | 21 °C  |`;

const config = {
  spec: { name: "house", max_memory_mb: 256 },
  tools: [
    {
      name: "lamp",
      description: "Switches the lamp of a room.",
      command: ["echo", "The lamp is on."],
      changes_world: true,
      permission: "ask",
    },
  ],
  intents: {
    definitions: [
      {
        name: "warm",
        sentences: ["how warm is it"],
        answer: "The living room has 21.5 °C, and all windows are closed.",
      },
      { name: "plan", sentences: ["make a plan for the night"], answer: PLAN },
      { name: "lamp", sentences: ["switch on the lamp"], tool: "lamp", answer: "The lamp is **on**." },
    ],
  },
  serve: { port: 0 },
};

const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-page-"));
const file = path.join(folder, "agent.json");
writeFileSync(file, JSON.stringify(config));
const service = spawn(
  process.execPath,
  [path.join(repository, "packages/cli/dist/main.js"), "serve", "--config", file, "--json", "--log-level", "error"],
  { cwd: folder, env: { ...process.env, XDG_STATE_HOME: folder }, stdio: ["ignore", "pipe", "inherit"] },
);
process.on("exit", () => {
  service.kill();
  rmSync(folder, { recursive: true, force: true });
});
const [line] = await once(createInterface(service.stdout), "line");
const { url, error } = JSON.parse(line);
if (error) throw new Error(error.message);

const browser = await chromium.launch({
  executablePath: process.env.PLAYWRIGHT_CHROMIUM || "/usr/bin/chromium",
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});

/** Opens the page of a size, in a theme, and sends messages. */
async function open({ width, height, colorScheme = "light" }, messages) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole("status", { name: "Health" }).filter({ hasText: "ok" }).waitFor();
  for (const message of messages) {
    await page.getByRole("textbox", { name: "Message" }).fill(message);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "hidden" });
  }
  return page;
}

const shoot = async (page, name) => {
  await page.screenshot({ path: path.join(target, `${name}.png`) });
  await page.context().close();
};

mkdirSync(target, { recursive: true });
const TALK = ["How warm is it?", "Make a plan for the night"];
const WIDE = { width: 1280, height: 720 };
const PHONE = { width: 390, height: 720 };

await shoot(await open(WIDE, TALK), "page");
const asking = await open(PHONE, ["How warm is it?"]);
await asking.getByRole("textbox", { name: "Message" }).fill("Switch on the lamp");
await asking.keyboard.press("Enter");
await asking.getByRole("button", { name: "Approve" }).waitFor();
await asking.screenshot({ path: path.join(target, "page-question.png") });
await asking.getByRole("button", { name: "Approve" }).click();
await asking.getByRole("button", { name: "Stop" }).waitFor({ state: "hidden" });
if (!isForDocuments) {
  await asking.screenshot({ path: path.join(target, "page-phone.png") });
  await asking.getByRole("button", { name: "Conversations" }).click();
  await asking.screenshot({ path: path.join(target, "page-conversations.png") });
  await shoot(await open({ ...WIDE, colorScheme: "dark" }, TALK), "page-dark");
  await shoot(await open({ width: 320, height: 568 }, TALK), "page-320");
}
await browser.close();
process.exit();
