import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { EngineError } from "@nanoagent/runtime";
import type { Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { browserPath, expectAccessible, lastReply, messageField, openPages, send, waitForReply } from "./open-page.js";
import { servePage } from "./serve-page.js";

const long = { deltas: Array.from({ length: 400 }, (_, index) => `word${index} `), delayMilliseconds: 50 };
const patient = { timeout: 20_000 };

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

describe.skipIf(browserPath === null)("a conversation in a browser (needs Chromium)", () => {
  const pages = openPages();

  test("shows a message and its reply while it is written", async () => {
    await using house = await servePage([{ deltas: ["It is ", "**warm**", "."], delayMilliseconds: 300 }, "Yes."]);
    const page = await pages.open(house.url);
    await page.getByText("house is ready").waitFor();
    expect(await button(page, "Stop").isVisible()).toBe(false);
    await messageField(page).fill("How warm is it?");
    await button(page, "Send").click();
    const log = page.getByRole("log", { name: "Conversation" });
    await log.getByRole("article", { name: "You" }).getByText("How warm is it?").waitFor();
    await page.locator('article[aria-label="house"][aria-busy="true"]').waitFor();
    await button(page, "Stop").waitFor();
    await waitForReply(page, "It is warm.");
    expect(await lastReply(page).locator("strong").textContent()).toBe("warm");
    await button(page, "Stop").waitFor({ state: "hidden" });
    expect(await messageField(page).inputValue()).toBe("");
    await page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name: "How warm" }).waitFor();
    await send(page, "Really?");
    await waitForReply(page, "Yes.");
    // The engine got the history.
    expect(house.engine.requests[1]?.messages.map(({ content }) => content)).toEqual([
      "How warm is it?",
      "It is **warm**.",
      "Really?",
    ]);
  });

  test("shows the error of a turn that failed, in one paragraph", async () => {
    await using house = await servePage([
      { error: new EngineError({ code: "engine-failed", message: "The engine failed." }) },
    ]);
    const page = await pages.open(house.url);
    await send(page, "Hello");
    await lastReply(page).locator(".unavailable").waitFor();
    expect(await lastReply(page).locator("p").count()).toBe(1);
  });

  test("Enter sends; Shift+Enter and the Enter of an input method do not", async () => {
    await using house = await servePage(["Yes."]);
    const page = await pages.open(house.url);
    await messageField(page).pressSequentially("one");
    await messageField(page).press("Shift+Enter");
    await messageField(page).pressSequentially("two");
    await messageField(page).evaluate((field) => {
      const init = { key: "Enter", bubbles: true, cancelable: true };
      field.dispatchEvent(new KeyboardEvent("keydown", { ...init, isComposing: true }));
      field.dispatchEvent(new KeyboardEvent("keydown", { ...init, keyCode: 229 }));
    });
    expect(await messageField(page).inputValue()).toBe("one\ntwo");
    await messageField(page).press("Enter");
    await waitForReply(page, "Yes.");
    expect(house.engine.requests.map(({ messages }) => messages.at(-1)?.content)).toEqual(["one\ntwo"]);
    await messageField(page).fill("  ");
    await messageField(page).press("Enter");
    expect(await messageField(page).inputValue()).toBe("  ");
  });

  test.each(["button", "Escape"])("is stopped by %s, and the reply says so", async (way) => {
    await using house = await servePage([long, "Next."]);
    const page = await pages.open(house.url);
    await send(page, "Write!");
    await lastReply(page).getByText("word3").waitFor();
    if (way === "button") await button(page, "Stop").click();
    else await page.keyboard.press("Escape");
    await lastReply(page).getByText("stopped", { exact: true }).waitFor();
    await button(page, "Stop").waitFor({ state: "hidden" });
    expect(await lastReply(page).getAttribute("aria-busy")).toBe("false");
    expect(await messageField(page).evaluate((field) => field === document.activeElement)).toBe(true);
    await send(page, "And now?");
    await waitForReply(page, "Next.");
  });

  test("survives a reload in the middle of a reply, and so does a draft", async () => {
    await using house = await servePage([{ ...long, deltas: long.deltas.slice(0, 60) }]);
    const page = await pages.open(house.url);
    await send(page, "Write!");
    await lastReply(page).getByText("word3").waitFor();
    await messageField(page).fill("a draft");
    await page.reload();
    await page.locator('article[aria-label="house"][aria-busy="true"]').waitFor();
    expect(await lastReply(page).textContent()).toContain("word3");
    expect(await messageField(page).inputValue()).toBe("a draft");
    await waitForReply(page, "word59");
    const text = (await lastReply(page).locator(".text").textContent()) ?? "";
    expect(text.trim()).toBe(long.deltas.slice(0, 60).join("").trim());
    expect(house.engine.requests.length).toBe(1);
  });

  test("says quietly that a reply is empty", async () => {
    await using house = await servePage([""]);
    const page = await pages.open(house.url);
    await send(page, "Nothing?");
    await lastReply(page).locator(".turn-state").getByText("The agent gave no reply.").waitFor();
    await expectAccessible(page);
  });

  test("is shown by every page that opens it", async () => {
    await using house = await servePage([{ deltas: ["One. ", "Two."], delayMilliseconds: 500 }, "Three."]);
    const first = await pages.open(house.url);
    await send(first, "Count!");
    await first.waitForURL(/#page-/);
    const second = await pages.open(first.url());
    await waitForReply(second, "One. Two.");
    await send(second, "More!");
    await waitForReply(first, "Three.");
  });

  test("is one of several, and can be deleted", async () => {
    await using house = await servePage(["One.", "Two."]);
    const page = await pages.open(house.url);
    await send(page, "First");
    await waitForReply(page, "One.");
    await button(page, "New conversation").click();
    await page.getByText("house is ready").waitFor();
    await send(page, "Second");
    await waitForReply(page, "Two.");
    const navigation = page.getByRole("navigation", { name: "Conversations" });
    await navigation.getByRole("link", { name: "First" }).click();
    await waitForReply(page, "One.");
    expect(await navigation.getByRole("link", { name: "First" }).getAttribute("aria-current")).toBe("page");
    expect(await page.getByText("Two.").count()).toBe(0);
    await page.goBack();
    await waitForReply(page, "Two.");
    await page.goForward();
    await waitForReply(page, "One.");
    // A second thought, then the deletion.
    await button(page, "Delete First").click();
    await page.keyboard.press("Escape");
    expect(await button(page, "Delete First").evaluate((one) => one === document.activeElement)).toBe(true);
    const other = await pages.open(page.url());
    await waitForReply(other, "One.");
    await button(page, "Delete First").click();
    await button(page, "Delete").click();
    await navigation.getByRole("link", { name: "First" }).waitFor({ state: "detached" });
    for (const shown of [page, other]) await shown.getByText("house is ready").waitFor();
    await other.getByText("The conversation was deleted.").waitFor();
    expect(await navigation.getByRole("link").count()).toBe(1);
    await page.goto(`${house.url}/#page-00000000-0000-4000-8000-000000000000`);
    await page.getByText("The conversation no longer exists.").waitFor();
  });

  test("stays at the end while it grows, but not for a reader who has scrolled up", async () => {
    const lines = { deltas: Array.from({ length: 150 }, (_, index) => `Line ${index}\n\n`), delayMilliseconds: 25 };
    await using house = await servePage([lines]);
    const page = await pages.open(house.url, { viewport: { width: 900, height: 500 } });
    await send(page, "Write!");
    const log = page.getByRole("log");
    const left = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
    await lastReply(page).getByText("Line 40").waitFor();
    await vi.waitFor(async () => expect(await left()).toBeLessThan(60), patient);
    await log.hover();
    await page.mouse.wheel(0, -400);
    await vi.waitFor(async () => expect(await left()).toBeGreaterThan(300), patient);
    const top = await log.evaluate((box) => box.scrollTop);
    await lastReply(page).getByText("Line 90").waitFor();
    expect(await log.evaluate((box) => box.scrollTop)).toBe(top);
    await log.press("End");
    await waitForReply(page, "Line 149");
    await vi.waitFor(async () => expect(await left()).toBeLessThan(60), patient);
  });

  test("comes back with its messages after the service was gone", async () => {
    const sessions = await mkdtemp(path.join(tmpdir(), "nanoagent-page-"));
    try {
      const before = await servePage(["One.", "Two."], { sessions });
      const page = await pages.open(before.url);
      await send(page, "First");
      await waitForReply(page, "One.");
      await before[Symbol.asyncDispose]();
      await page.getByRole("alert").filter({ hasText: "cannot be reached" }).filter({ hasText: "Next try" }).waitFor();
      expect(await page.getByRole("status", { name: "Health" }).textContent()).toContain("unreachable");
      await send(page, "Lost?");
      await page.getByText("The message was not sent.").waitFor();
      expect(await messageField(page).inputValue()).toBe("Lost?");
      await using _after = await servePage(["Three."], { sessions, port: before.port });
      await page.getByRole("alert").waitFor({ state: "hidden" });
      await waitForReply(page, "One.");
      await messageField(page).press("Enter");
      await waitForReply(page, "Three.");
    } finally {
      await rm(sessions, { recursive: true, force: true });
    }
  });
});
