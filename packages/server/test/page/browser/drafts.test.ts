import type { Page, Route } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { browserPath, messageField, openPages, send, waitForReply } from "./open-page.js";
import { servePage } from "./serve-page.js";

const patient = { timeout: 20_000 };
const POSTS = "**/page/messages";

/** Holds the next message of a page. */
async function hold(page: Page): Promise<Route[]> {
  const held: Route[] = [];
  await page.route(POSTS, (route) => void held.push(route), { times: 1 });
  return held;
}

const values = (page: Page) => page.evaluate(() => JSON.stringify(sessionStorage));

describe.skipIf(browserPath === null)("a draft in a browser (needs Chromium)", () => {
  const pages = openPages();

  test.each(["before", "after"])("is sent once if the page is loaded again %s the service has it", async (time) => {
    await using house = await servePage(["One.", "Two."]);
    const page = await pages.open(house.url);
    const held = await hold(page);
    await send(page, "first");
    await vi.waitFor(() => expect(held.length).toBe(1), patient);
    if (time === "after") await held[0]?.fetch();
    await messageField(page).fill("next");
    await page.reload();
    await waitForReply(page, "One.");
    await page.waitForURL(/#page-/);
    expect(await messageField(page).inputValue()).toBe("next");
    expect(await page.getByRole("navigation").getByRole("link").count()).toBe(1);
    await messageField(page).press("Enter");
    await waitForReply(page, "Two.");
    expect(await page.locator("article.message p").allTextContents()).toEqual(["first", "next"]);
    expect(house.engine.requests.length).toBe(2);
    expect(await values(page)).not.toContain("next");
  });

  test("leaves the field when it is sent; what is typed then is the next message", async () => {
    await using house = await servePage(["One."]);
    const page = await pages.open(house.url);
    const held = await hold(page);
    await send(page, "first");
    await page.getByText("Sending …").waitFor();
    await messageField(page).pressSequentially("second");
    await messageField(page).press("Enter");
    await held[0]?.continue();
    await waitForReply(page, "One.");
    await page.getByText("Sending …").waitFor({ state: "hidden" });
    expect(await messageField(page).inputValue()).toBe("second");
    expect(held.length).toBe(1);
    expect(house.engine.requests.length).toBe(1);
  });

  test.each(["stayed", "came back"])("is given back at once if sending fails after the page %s", async (way) => {
    await using house = await servePage([]);
    const page = await pages.open(house.url);
    await page.getByText("house is ready").waitFor();
    await page.evaluate((isBack) => {
      dispatchEvent(new Event("beforeunload"));
      const later = performance.now() + 11_000;
      if (isBack) dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
      else performance.now = () => later;
      // A long wait does not end within the test.
      const { setTimeout } = window;
      const slow = (run: () => void, milliseconds = 0) => setTimeout(run, milliseconds > 5000 ? 600_000 : milliseconds);
      Object.assign(window, { setTimeout: slow });
    }, way === "came back");
    await page.route(POSTS, (route) => route.abort());
    await send(page, "first");
    await page.getByText("The message was not sent.").waitFor();
    expect(await messageField(page).inputValue()).toBe("first");
  });

  test("belongs to its conversation", async () => {
    await using house = await servePage(["One."]);
    const page = await pages.open(house.url);
    await send(page, "first");
    await waitForReply(page, "One.");
    await messageField(page).fill("for the first");
    await page.getByRole("button", { name: "New conversation" }).click();
    await vi.waitFor(async () => expect(await messageField(page).inputValue()).toBe(""), patient);
    await messageField(page).fill("for a new one");
    await page.goBack();
    await vi.waitFor(async () => expect(await messageField(page).inputValue()).toBe("for the first"), patient);
    await page.goForward();
    await vi.waitFor(async () => expect(await messageField(page).inputValue()).toBe("for a new one"), patient);
    // A refused message comes back to its conversation.
    const held = await hold(page);
    await messageField(page).press("Enter");
    await vi.waitFor(() => expect(held.length).toBe(1), patient);
    await page.goBack();
    await vi.waitFor(async () => expect(await messageField(page).inputValue()).toBe("for the first"), patient);
    await held[0]?.fulfill({ status: 429, json: { error: { message: "The queue is full." } } });
    await page.getByText("The message was not sent. The queue is full.").waitFor();
    expect(await messageField(page).inputValue()).toBe("for the first");
    await page.goForward();
    await vi.waitFor(async () => expect(await messageField(page).inputValue()).toBe("for a new one"), patient);
  });
});
