import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { browserPath, expectAccessible, lastReply, messageField, openPages, send, waitForReply } from "./open-page.js";
import { openProxy } from "./open-proxy.js";
import { lampCall, type ServedPage, servePage } from "./serve-page.js";

const patient = { timeout: 20_000 };

const messages = (page: Page) => page.locator("article.message p").allTextContents();

describe.skipIf(browserPath === null)("a service that is not there in a browser (needs Chromium)", () => {
  const pages = openPages();

  test("comes back, and the page shows exactly what it has, with open parts as they were", async () => {
    const sessions = await mkdtemp(path.join(tmpdir(), "nanoagent-page-"));
    let house = await servePage([{ calls: [lampCall] }, "One."], { sessions });
    const restart = async (replies: Parameters<typeof servePage>[0]) => {
      const { port } = house;
      await house[Symbol.asyncDispose]();
      house = await servePage(replies, { sessions, port });
    };
    try {
      const page = await pages.open(house.url);
      await send(page, "one");
      await page.getByRole("button", { name: "Approve" }).click();
      await waitForReply(page, "One.");
      const tool = page.getByRole("group", { name: "Tool: lamp" });
      await tool.getByText("lamp", { exact: true }).click();
      const article = await page.locator("article.reply").elementHandle();
      await restart(["Two.", "Three.", { calls: [{ ...lampCall, id: "call00002" }] }]);
      await page.getByText("Health: ok").waitFor();
      await send(page, "two");
      await waitForReply(page, "Two.");
      await send(page, "three");
      await waitForReply(page, "Three.");
      await send(page, "four");
      await page.getByRole("group", { name: "Permission: lamp" }).waitFor();
      await restart(["Five."]);
      await page.getByRole("group", { name: "Permission: lamp" }).waitFor({ state: "detached" });
      await page.getByText("Health: ok").waitFor();
      await send(page, "five");
      await waitForReply(page, "Five.");
      const shown = await messages(page);
      expect(shown.slice(0, 3)).toEqual(["one", "two", "three"]);
      expect(new Set(shown).size).toBe(shown.length);
      expect(await tool.first().getByText("The lamp is on.").isVisible()).toBe(true);
      expect(await article?.evaluate((one) => one.isConnected)).toBe(true);
      await page.reload();
      await waitForReply(page, "Five.");
      expect(await messages(page)).toEqual(shown);
    } finally {
      await house[Symbol.asyncDispose]();
      await rm(sessions, { recursive: true, force: true });
    }
  });

  test("is noticed within 12 s when it hangs, and a message that is sent meanwhile arrives once", async () => {
    await using house = await servePage(["One.", "Two."]);
    await using proxy = await openProxy(house.port);
    const page = await pages.open(proxy.url);
    await send(page, "first");
    await waitForReply(page, "One.");
    proxy.freeze();
    const begun = performance.now();
    await send(page, "second");
    await page.locator("#note").filter({ hasText: "Sending …" }).waitFor();
    expect(await messageField(page).inputValue()).toBe("");
    await messageField(page).fill("third");
    await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
    expect(performance.now() - begun).toBeGreaterThan(5000);
    await page.locator("#note").filter({ hasText: "The message was not sent." }).waitFor();
    expect(await messageField(page).inputValue()).toBe("second\nthird");
    await expectAccessible(page);
    await messageField(page).fill("second");
    proxy.thaw();
    await page.getByRole("alert").waitFor({ state: "hidden" });
    await waitForReply(page, "Two.");
    // It has arrived all the same.
    await vi.waitFor(async () => expect(await messageField(page).inputValue()).toBe(""), patient);
    expect(await messages(page)).toEqual(["first", "second"]);
    expect(house.engine.requests.length).toBe(2);
  });

  test("is tried at once when the network is back, or the page is seen again", async () => {
    await using house = await servePage(["One."]);
    await using proxy = await openProxy(house.port);
    const page = await pages.open(proxy.url);
    await page.getByText("house is ready").waitFor();
    const streams = () => proxy.requests.filter((line) => line.startsWith("GET /page/events")).length;
    expect(streams()).toBe(1);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    proxy.freeze();
    // The stream is fresh: it stays.
    expect(streams()).toBe(1);
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await vi.waitFor(() => expect(streams()).toBe(2), patient);
    // A device that has slept has another time.
    await page.evaluate(() => {
      const now = Date.now();
      Date.now = () => now + 60_000;
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await vi.waitFor(() => expect(streams()).toBe(3), patient);
    expect(await page.getByRole("alert").count()).toBe(0);
    proxy.thaw();
    await send(page, "Hello");
    await waitForReply(page, "One.");
  });

  test("may refuse a page, which shows the reason", async () => {
    await using house = await servePage(["One."]);
    // Its host is not that of the page, as behind a proxy that changes the header.
    await using proxy = await openProxy(house.port, { host: "127.0.0.1:1" });
    const page = await pages.open(proxy.url);
    await page.getByText("house is ready").waitFor();
    await send(page, "Hello");
    await page.locator("#note").filter({ hasText: "serve.allow_origins" }).waitFor();
    expect(await messageField(page).inputValue()).toBe("Hello");
    const message = "Pages of other programs may not use this service.";
    await page.route("**/page/events", (route) => route.fulfill({ status: 403, json: { error: { message } } }));
    await page.reload();
    await page.getByRole("alert").filter({ hasText: message }).filter({ hasText: "Next try" }).waitFor();
    await expectAccessible(page);
  });

  test.each(["without JavaScript", "without its program", "without anything"])("is explained %s", async (way) => {
    await using house = await servePage([]);
    const blocked = way === "without its program" ? "**/page/page.js" : "**/page/page.*";
    const page = await pages.open(house.url, { javaScriptEnabled: way !== "without JavaScript" });
    await page.route(way === "without JavaScript" ? "**/nothing" : blocked, (route) => route.abort());
    await page.reload();
    await page.getByText("The page has not started.").waitFor();
    expect((await page.locator("noscript").boundingBox()) !== null).toBe(way === "without JavaScript");
    if (way !== "without anything") expect(await page.getByText("Connecting").isVisible()).toBe(false);
    expect(await messageField(page).isVisible()).toBe(false);
  });

  test("leaves no trace of that text when the page has started", async () => {
    await using house: ServedPage = await servePage([]);
    const page = await pages.open(house.url);
    await page.getByText("house is ready").waitFor();
    expect(await page.getByText("The page has not started.").count()).toBe(0);
    expect(await lastReply(page).count()).toBe(0);
  });
});
