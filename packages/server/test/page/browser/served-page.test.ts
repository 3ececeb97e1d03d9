import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  browserPath,
  expectAccessible,
  hiddenWidth,
  lastReply,
  messageField,
  openPages,
  send,
  waitForReply,
} from "./open-page.js";
import { lampCall, servePage } from "./serve-page.js";

const key = "na-0123456789abcdefghijklmnopqrstuvwxyz";
const conditions = {
  temperature_celsius: 61.4,
  is_throttled: true,
  memory_pressure_percent: 2.44,
  power_source: "battery",
} as const;

const rich = `# Title

Text with *emphasis*, \`code\` and a [link](https://example.org).

1. one
   - two

> quote

| a | b |
|---|---|
| 1 | ${"wide".repeat(60)} |

\`\`\`ts
const aVeryLongLine = "${"x".repeat(300)}";
\`\`\``;

describe.skipIf(browserPath === null)("the page in a browser (needs Chromium)", () => {
  const pages = openPages();

  describe.each([
    { colorScheme: "light", viewport: { width: 1280, height: 800 } },
    { colorScheme: "dark", viewport: { width: 320, height: 568 } },
    // 1280 × 800 at 200 %.
    { colorScheme: "light", viewport: { width: 640, height: 400 } },
    { colorScheme: "dark", viewport: { width: 1280, height: 800 }, forcedColors: "active", reducedMotion: "reduce" },
  ] as const)("%j", (options) => {
    test("has no fault that axe-core knows, and fits", async () => {
      await using house = await servePage([rich, { calls: [lampCall] }, "Done."], { conditions });
      const page = await pages.open(house.url, options);
      await page.getByText("house is ready").waitFor();
      await expectAccessible(page);
      await send(page, "A long message without a space: ".concat("m".repeat(200)));
      await waitForReply(page, "quote");
      await expectAccessible(page);
      expect(await hiddenWidth(page)).toBe(0);
      await send(page, "Light!");
      const group = page.getByRole("group", { name: "Permission: lamp" });
      await group.waitFor();
      await expectAccessible(page);
      expect(await hiddenWidth(page)).toBe(0);
      // Every control can be reached without scrolling.
      for (const name of ["Approve", "Deny", "Stop", "Send"]) expect(await isInView(page, name), name).toBe(true);
      await group.getByRole("button", { name: "Approve" }).click();
      await waitForReply(page, "Done.");
      await lastReply(page).getByText("lamp", { exact: true }).click();
      await expectAccessible(page);
      const details = page.getByRole("button", { name: "Details" });
      if (await details.isVisible()) await details.click();
      await page.getByText("slowed down", { exact: true }).waitFor();
      await expectAccessible(page);
      expect(await hiddenWidth(page)).toBe(0);
    });
  });

  test("opens the conversations by a button when it is narrow", async () => {
    await using house = await servePage(["One."]);
    const page = await pages.open(house.url, { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true });
    await send(page, "First");
    await waitForReply(page, "One.");
    const navigation = page.getByRole("navigation", { name: "Conversations" });
    expect(await navigation.isVisible()).toBe(false);
    const opener = page.getByRole("button", { name: "Conversations" });
    await opener.click();
    await navigation.waitFor();
    await expectAccessible(page);
    // Nothing beside it can be reached.
    for (let count = 0; count < 10; count++) {
      await page.keyboard.press("Tab");
      expect(await page.locator("main :focus, header :focus").count()).toBe(0);
    }
    await page.keyboard.press("Escape");
    await navigation.waitFor({ state: "hidden" });
    expect(await opener.evaluate((one) => one === document.activeElement)).toBe(true);
    await opener.click();
    await navigation.getByRole("button", { name: "New conversation" }).click();
    await navigation.waitFor({ state: "hidden" });
    await page.getByText("house is ready").waitFor();
    await opener.click();
    await navigation.getByRole("link", { name: "First" }).click();
    await waitForReply(page, "One.");
    await navigation.waitFor({ state: "hidden" });
    for (const control of await page.locator("button:visible, textarea").all()) {
      expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(44);
    }
  });

  test("gives the parts of the memory the same colors in the bar and in the details", async () => {
    await using house = await servePage([]);
    for (const forcedColors of ["none", "active"] as const) {
      const page = await pages.open(house.url, { forcedColors });
      await page.getByRole("meter", { name: "Memory" }).waitFor();
      const colors = await page.evaluate(() =>
        ["engine", "program", "tools"].map((part) => {
          const bar = document.querySelector(`rect.${part}`);
          const legend = document.querySelector(`dt.${part}`);
          if (bar === null || legend === null) throw new Error(`${part} is missing.`);
          return [getComputedStyle(bar).fill, getComputedStyle(legend, "::before").backgroundColor];
        }),
      );
      for (const [bar, legend] of colors) expect(legend).toBe(bar);
      expect(new Set(colors.flat()).size).toBe(3);
    }
  });

  test("shows memory, health, temperature and model", async () => {
    await using house = await servePage(["Yes."], { conditions });
    const page = await pages.open(house.url);
    const meter = page.getByRole("meter", { name: "Memory" });
    await meter.waitFor();
    expect(await meter.getAttribute("aria-valuetext")).toMatch(
      /^\d+ MB of \d+ MB used: engine \d+ MB, program \d+ MB, tools 0 MB$/,
    );
    expect(Number(await meter.getAttribute("aria-valuenow"))).toBeLessThan(
      Number(await meter.getAttribute("aria-valuemax")),
    );
    expect(await page.getByRole("status", { name: "Health" }).textContent()).toBe("Health: ok");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText("slowed down").waitFor();
    const text = (await details.textContent()) ?? "";
    for (const part of ["61 °C", "2.4 %", "battery", "scripted", "4,096 tokens", "0.1.0"]) expect(text).toContain(part);
  });

  test("works with the keyboard alone", async () => {
    await using house = await servePage(["One.", { calls: [lampCall] }, "Done."]);
    const page = await pages.open(house.url);
    const press = async (name: string, keys = "Tab") => {
      for (let count = 0; count < 30; count++) {
        await page.keyboard.press(keys);
        const focused = page.locator(":focus");
        const label = (await focused.getAttribute("aria-label")) ?? (await focused.textContent());
        if (label?.startsWith(name)) return page.keyboard.press("Enter");
      }
      throw new Error(`${name} was not reached with ${keys}.`);
    };
    // The field has the focus.
    await page.getByText("house is ready").waitFor();
    await page.keyboard.type("First");
    await page.keyboard.press("Enter");
    await waitForReply(page, "One.");
    await press("New conversation", "Shift+Tab");
    await page.getByText("house is ready").waitFor();
    await page.keyboard.type("Light!");
    await press("Send");
    await page.getByRole("group", { name: "Permission: lamp" }).waitFor();
    await press("Deny", "Shift+Tab");
    await waitForReply(page, "Done.");
    await press("lamp", "Shift+Tab");
    await lastReply(page).getByText("Arguments").waitFor();
    await press("First", "Shift+Tab");
    await waitForReply(page, "One.");
  });

  test("shows a hostile reply as text, and asks nobody for anything", async () => {
    const hostile = [
      "<script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\">",
      "[click](javascript:document.title='broken') <javascript:alert(1)> [data](data:text/html,<script>)",
      "![image](https://example.org/track.png) ![](//example.org/track.png)",
      '<svg onload=alert(1)><iframe src="https://example.org"></iframe><style>* { display: none }</style>',
      '[a](https://example.org/" onmouseover="alert(1))',
      `\`\`\`"><script>\n</code></pre><script>alert(1)</script>\n\`\`\``,
    ].join("\n\n");
    await using house = await servePage([hostile, "*[`_".repeat(50_000)]);
    const page = await pages.open(house.url);
    await send(page, "<script>document.title = 'broken'</script>");
    await waitForReply(page, "<script>alert(1)</script>");
    expect(await page.title()).toBe("house");
    const log = page.getByRole("log");
    expect(await log.locator("script, img, svg, iframe, style, [style], [onerror], [onmouseover]").count()).toBe(0);
    const links = await log
      .locator("a")
      .evaluateAll((all) => all.map((one) => [one.textContent, one.getAttribute("href")]));
    expect(links.map(([, href]) => href)).toEqual([
      "https://example.org/track.png",
      "https://example.org/",
      "https://example.org/",
    ]);
    expect(await log.locator("a").first().getAttribute("rel")).toBe("noopener noreferrer");
    await send(page, "200 KB");
    await waitForReply(page, "*[_");
    // Without the marks of code and emphasis.
    expect((await lastReply(page).locator(".text").textContent())?.length).toBeGreaterThan(100_000);
    // The page still reacts.
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByText("house is ready").waitFor();
  });

  test("asks for a key, keeps it and forgets it", async () => {
    await using house = await servePage(["Yes."], { key });
    const page = await pages.open(house.url);
    const field = page.getByLabel("API key");
    await field.waitFor();
    expect(await messageField(page).isVisible()).toBe(false);
    await expectAccessible(page);
    for (const wrong of ["wrong", "wröng"]) {
      await field.fill(wrong);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page
        .locator("#key-error")
        .filter({ hasText: /accept|letters/ })
        .waitFor();
    }
    await field.fill(` ${key} `);
    await field.press("Enter");
    await page.getByText("house is ready").waitFor();
    expect(await field.isVisible()).toBe(false);
    await send(page, "Hello");
    await waitForReply(page, "Yes.");
    await page.reload();
    await waitForReply(page, "Yes.");
    expect(page.url()).not.toContain(key);
    await page.getByRole("button", { name: "Sign out" }).click();
    await field.waitFor();
    expect(await page.getByText("Hello").count()).toBe(0);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(key);
    await page.reload();
    await field.waitFor();
  });

  test("says why a message was refused, and keeps it", async () => {
    await using house = await servePage(["Yes."]);
    const page = await pages.open(house.url);
    const text = "long ".repeat(60_000);
    await messageField(page).fill(text);
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("The message is longer than").waitFor();
    expect((await messageField(page).inputValue()).length).toBe(text.length);
  });

  test("copies code", async () => {
    await using house = await servePage(["```sh\necho hello\n```"]);
    const page = await pages.open(house.url, { permissions: ["clipboard-read", "clipboard-write"] });
    await send(page, "How?");
    await waitForReply(page, "echo hello");
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("echo hello");
  });
});

/** Whether the whole of a button is in view. */
async function isInView(page: Page, name: string): Promise<boolean> {
  const button = page.getByRole("button", { name, exact: true });
  return button.evaluate((one) => {
    const { left, top, right, bottom } = one.getBoundingClientRect();
    const isInside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    const hit = document.elementFromPoint((left + right) / 2, bottom - 4);
    return isInside && hit !== null && one.contains(hit);
  });
}
