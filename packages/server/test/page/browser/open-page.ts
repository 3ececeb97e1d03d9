import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { findBrowser } from "./find-browser.js";

/** Time for anything on a busy machine, in milliseconds. */
const PATIENCE = 20_000;

/** The browser that the tests use. Null: they are skipped. */
export const browserPath: string | null = findBrowser();

/** Errors that a browser reports for answers of the service that a test expects. */
const EXPECTED = /^Failed to load resource: (net::ERR_|the server responded with a status of 4(01|03|04|13|29))/;

export interface OpenPages {
  /** Opens the page in a browser of its own. Everything that the browser complains about fails the test. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
}

/** Starts a browser for the tests of a file. */
export function openPages(): OpenPages {
  let browser: Browser | null = null;
  let problems: string[] = [];
  beforeAll(async () => {
    if (browserPath === null) return;
    browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(async () => browser?.close());
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    const found = problems;
    problems = [];
    expect(found).toEqual([]);
  });
  return {
    async open(url, options = {}) {
      if (browser === null) throw new Error("The browser did not start.");
      const context = await browser.newContext(options);
      context.setDefaultTimeout(PATIENCE);
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(`error: ${error}`));
      page.on("console", (message) => {
        if (message.type() !== "error" && message.type() !== "warning") return;
        if (!EXPECTED.test(message.text())) problems.push(message.text());
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(new URL(url).origin)) problems.push(`request to ${request.url()}`);
      });
      await page.goto(url);
      return page;
    },
  };
}

export const messageField = (page: Page) => page.getByRole("textbox", { name: "Message" });

export async function send(page: Page, message: string): Promise<void> {
  await messageField(page).fill(message);
  await messageField(page).press("Enter");
}

/** The article of a reply, counted from the end. */
export const lastReply = (page: Page) => page.getByRole("article", { name: "house" }).last();

/** Waits for a reply that has ended. */
export async function waitForReply(page: Page, text: string): Promise<void> {
  await page.getByRole("article", { name: "house" }).filter({ hasText: text }).last().waitFor();
  await page.locator('article[aria-label="house"][aria-busy="false"]').last().waitFor();
}

/** Checks everything that axe-core knows: WCAG 2.0, 2.1 and 2.2, and what is good practice. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const findings = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })),
    );
  });
  expect(findings).toEqual([]);
}

/** Pixels that are only seen after scrolling to the side. */
export function hiddenWidth(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
