import type { Route } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { browserPath, expectAccessible, lastReply, messageField, openPages, send, waitForReply } from "./open-page.js";
import { lampCall, servePage } from "./serve-page.js";

const patient = { timeout: 20_000 };
const script = [{ calls: [lampCall] }, "Done."];
const permission = { name: "Permission: lamp" };

describe.skipIf(browserPath === null)("a question for permission in a browser (needs Chromium)", () => {
  const pages = openPages();

  test("says what runs, and Approve runs it", async () => {
    await using house = await servePage(script);
    const page = await pages.open(house.url);
    await send(page, "Light!");
    const group = page.getByRole("group", permission);
    await group.waitFor();
    expect(await group.count()).toBe(1);
    for (const text of ["Switches the lamp of a room.", '"room": "kitchen"', "s left"]) {
      expect(await group.textContent()).toContain(text);
    }
    expect(await page.title()).toContain("Permission");
    await group.getByRole("button", { name: "Approve" }).click();
    await waitForReply(page, "Done.");
    await group.waitFor({ state: "detached" });
    expect(house.lampCalls).toEqual([lampCall.arguments]);
    const tool = lastReply(page).getByRole("group", { name: "Tool: lamp" });
    await tool.getByText("lamp", { exact: true }).click();
    await tool.getByText("The lamp is on.").waitFor();
    expect(await tool.textContent()).toContain('"room": "kitchen"');
    expect(await page.title()).toBe("house");
  });

  test("can be denied by another page, which shows another conversation", async () => {
    await using house = await servePage(script);
    const page = await pages.open(house.url);
    const other = await pages.open(house.url);
    await send(page, "Light!");
    await other.getByRole("group", permission).getByRole("button", { name: "Deny" }).click();
    await waitForReply(page, "Done.");
    for (const one of [page, other]) await one.getByRole("group", permission).waitFor({ state: "detached" });
    expect(house.lampCalls).toEqual([]);
    await lastReply(page).getByRole("group", { name: "Tool: lamp" }).getByText("failed").waitFor();
  });

  test("says so to whoever answers second", async () => {
    await using house = await servePage(script);
    const page = await pages.open(house.url);
    const other = await pages.open(house.url);
    await send(page, "Light!");
    const held: Route[] = [];
    await other.route("**/permissions/*", (route) => void held.push(route));
    await other.getByRole("group", permission).getByRole("button", { name: "Deny" }).click();
    await vi.waitFor(() => expect(held.length).toBe(1), patient);
    await page.getByRole("group", permission).getByRole("button", { name: "Approve" }).click();
    await waitForReply(page, "Done.");
    await held[0]?.continue();
    const note = other.locator("#note").filter({ hasText: "This question has been answered already" });
    await note.waitFor();
    expect(await note.getAttribute("aria-live")).toBe("assertive");
    expect(house.lampCalls).toEqual([lampCall.arguments]);
  });

  test.each([
    { width: 640, height: 320 },
    { width: 320, height: 256 },
  ])("shows its command and its buttons together at $width × $height", async (viewport) => {
    const valve = ["/bin/echo", "--tank=north", "--minutes=15"];
    const calls = [{ id: "call00003", name: "valve", arguments: {} }];
    await using house = await servePage([{ calls }, "Done."], { valve });
    const page = await pages.open(house.url, { viewport, colorScheme: "dark" });
    await send(page, "Water!");
    const group = page.getByRole("group", { name: "Permission: valve" });
    await group.waitFor();
    const places = [group.getByText("Command: /bin/echo --tank=north --minutes=15"), messageField(page)];
    for (const name of ["Approve", "Deny", "Stop", "Send"])
      places.push(page.getByRole("button", { name, exact: true }));
    for (const place of places) {
      const { x = -1, y = -1, width = 0, height = 0 } = (await place.boundingBox()) ?? {};
      // A path of several lines may go on below.
      const shown = Math.min(height, 44);
      expect(Math.min(x, y), String(place)).toBeGreaterThanOrEqual(0);
      expect(x + width, String(place)).toBeLessThanOrEqual(viewport.width);
      expect(y + shown, String(place)).toBeLessThanOrEqual(viewport.height);
    }
    const body = await group.locator(".question-body").boundingBox();
    expect(body?.height).toBeGreaterThanOrEqual(60);
    await expectAccessible(page);
    await group.getByRole("button", { name: "Deny" }).click();
    await waitForReply(page, "Done.");
    expect(await messageField(page).isVisible()).toBe(true);
    const field = await messageField(page).boundingBox();
    expect((field?.y ?? 0) + (field?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
  });

  test("outlives a reload", async () => {
    await using house = await servePage(script);
    const page = await pages.open(house.url);
    await send(page, "Light!");
    await page.getByRole("group", permission).waitFor();
    await page.reload();
    await page.getByRole("group", permission).getByRole("button", { name: "Approve" }).click();
    await waitForReply(page, "Done.");
    expect(house.lampCalls).toEqual([lampCall.arguments]);
  });

  test("does not disturb somebody who types, and is reached with the keyboard", async () => {
    await using house = await servePage([
      { deltas: ["a", "b", "c"], delayMilliseconds: 300, calls: [lampCall] },
      "Done.",
    ]);
    const page = await pages.open(house.url);
    await send(page, "Light!");
    const text = "I am still typing, and nothing is lost.";
    await messageField(page).pressSequentially(text, { delay: 40 });
    await page.getByRole("group", permission).waitFor();
    expect(await messageField(page).inputValue()).toBe(text);
    expect(house.lampCalls).toEqual([]);
    await page.locator("#announcement").filter({ hasText: "Permission: lamp" }).waitFor();
    await page.keyboard.press("Shift+Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Approve");
    await page.keyboard.press("Enter");
    await waitForReply(page, "Done.");
    // The focus goes back to the field.
    await page.keyboard.type("!");
    expect(await messageField(page).inputValue()).toBe(`${text}!`);
    expect(house.lampCalls).toEqual([lampCall.arguments]);
  });

  test("is announced also if another one of the same tool waits", async () => {
    await using house = await servePage([{ calls: [lampCall] }, { calls: [lampCall] }, "Done.", "Done."]);
    const page = await pages.open(house.url);
    await send(page, "Light!");
    await page.getByRole("group", permission).waitFor();
    await page.getByRole("button", { name: "New conversation" }).click();
    await send(page, "Light!");
    const announced = (text: string) =>
      vi.waitFor(async () => expect(await page.locator("#announcement").textContent()).toBe(text), patient);
    const sentence = (waiting: number) =>
      `Permission: lamp. Waiting: ${waiting}. Approve and Deny are above the message.`;
    await announced(sentence(2));
    const buttons = page.getByRole("group", permission).getByRole("button", { name: "Deny" });
    await buttons.first().click();
    await announced(sentence(1));
    await buttons.click();
    await announced("");
  });

  test("is over when the turn is stopped", async () => {
    await using house = await servePage(script);
    const page = await pages.open(house.url);
    await send(page, "Light!");
    await page.getByRole("group", permission).waitFor();
    await page.keyboard.press("Escape");
    await lastReply(page).getByText("stopped", { exact: true }).waitFor();
    await page.getByRole("group", permission).waitFor({ state: "detached" });
    expect(house.lampCalls).toEqual([]);
  });

  test("is not answered by the second click of a double click", async () => {
    const calls = [lampCall, { ...lampCall, id: "call00002", arguments: { room: "bath", on: true } }];
    await using house = await servePage([{ calls }, "Done."]);
    const page = await pages.open(house.url);
    await send(page, "Light!");
    await page.getByRole("group", permission).getByRole("button", { name: "Deny" }).last().dblclick();
    await vi.waitFor(async () => expect(await page.getByRole("group", permission).count()).toBe(1), patient);
    await page
      .getByRole("group", permission)
      .filter({ hasText: "bath" })
      .getByRole("button", { name: "Approve" })
      .click();
    await waitForReply(page, "Done.");
    expect(house.lampCalls).toEqual([{ room: "bath", on: true }]);
  });
});
