import type { Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { browserPath, messageField, openPages, send, waitForReply } from "./open-page.js";
import { servePage } from "./serve-page.js";

const patient = { timeout: 20_000 };
const key = "na-0123456789abcdefghijklmnopqrstuvwxyz";

const keyField = (page: Page) => page.getByLabel("API key");

async function signIn(page: Page, text = key): Promise<void> {
  await keyField(page).fill(text);
  await keyField(page).press("Enter");
}

describe.skipIf(browserPath === null)("signing in in a browser (needs Chromium)", () => {
  const pages = openPages();

  test("holds for all pages of the browser, and so does signing out", async () => {
    await using house = await servePage(["One."], { key });
    const page = await pages.open(house.url);
    await keyField(page).waitFor();
    const other = await page.context().newPage();
    await other.goto(house.url);
    await signIn(other, "wrong");
    await other.getByText("does not accept this key").waitFor();
    await keyField(page).waitFor();
    await signIn(page);
    for (const one of [page, other]) {
      await one.getByText("house is ready").waitFor();
      expect(await keyField(one).isVisible()).toBe(false);
      expect(await one.getByText("does not accept this key").count()).toBe(0);
    }
    await send(other, "Hello");
    await waitForReply(other, "One.");
    await messageField(other).fill("a secret draft");
    await page.getByRole("button", { name: "Sign out" }).click();
    for (const one of [page, other]) {
      await keyField(one).waitFor();
      await vi.waitFor(async () => expect(await one.title()).toBe("nanoagent"), patient);
      const text = await one.evaluate(() => document.body.textContent + JSON.stringify([sessionStorage, localStorage]));
      for (const part of ["house", "Hello", "One.", "a secret draft", "4,096", key]) expect(text).not.toContain(part);
      expect(await one.locator("#message").inputValue()).toBe("");
    }
    await signIn(page);
    await page.getByRole("link", { name: "Hello" }).waitFor();
  });

  test("a wrong key is reported on the page that used it, also if another page finds out first", async () => {
    await using house = await servePage(["One."], { key });
    const page = await pages.open(house.url);
    await keyField(page).waitFor();
    const other = await page.context().newPage();
    await other.goto(house.url);
    await keyField(other).waitFor();
    const events = "**/page/events*";
    await other.route(events, async (route) => {
      await page.getByText("does not accept this key").waitFor();
      // The page may have ended its request.
      await route.continue().catch(() => {});
    });
    await signIn(other, "wrong");
    await other.getByText("does not accept this key").waitFor();
    await other.unroute(events);
    await signIn(page);
    for (const one of [page, other]) await one.getByText("house is ready").waitFor();
  });

  test("is asked for again when the key was replaced, and the draft stays", async () => {
    const before = await servePage(["One."], { key });
    const page = await pages.open(before.url);
    await signIn(page);
    await page.getByText("house is ready").waitFor();
    await messageField(page).fill("a draft");
    await before[Symbol.asyncDispose]();
    const replaced = key.toUpperCase().replace("NA-", "na-");
    await using _after = await servePage(["Two."], { key: replaced, port: before.port });
    await page.getByText("does not accept this key").waitFor();
    expect(await page.evaluate(() => document.body.textContent)).not.toContain("house");
    await signIn(page, replaced);
    await page.getByText("house is ready").waitFor();
    expect(await messageField(page).inputValue()).toBe("a draft");
  });
});
