import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { contents, copyOf, expectReplies } from "./expect-replies.js";

const newest = "13:58:01 systemd: Failed to start php-fpm.service. (2 min ago)";

const sentences: [message: string, reply: string][] = [
  ["How many errors were there in the past hour?", "6 errors in the last hour (nginx 4, php-fpm 1, systemd 1)."],
  ["did we have any problems today", "11 errors since midnight ("],
  ["Were there any failures in the last 2 hours?", "7 errors in the last 2 hours"],
  ["any errors within the last 5 min", "3 errors in the last 5 minutes"],
  ["how many errors since 1:30 p.m.", "4 errors since 13:30"],
  ["how many errors since 23:00?", "11 errors since 23:00 yesterday"],
  ["any errors in the last minute?", "No errors in the last minute."],
  ["what's the most recent error?", newest],
  ["When was the last error?", newest],
  ["Is nginx.service failing?", "nginx.service: 4 errors in the last 24 hours."],
  ["What's wrong with php-fpm?", "php-fpm: 2 errors in the last 24 hours."],
  ["is cron working", "cron has no errors in the last 24 hours."],
  ["is postgres down?", "The log has no lines of postgres. It has lines of cron, "],
  ["is anything broken?", "11 errors in the last 24 hours"],
  ["What were the top errors today", "3 × nginx: error: upstream timed out"],
  ["list the main problems of the last 6 hours", "3 × nginx: error: upstream timed out"],
  ["Tail the last 1 lines", "13:58:01 systemd: Failed to start php-fpm.service."],
  ['search for "usb"', "08:41:02 kernel: usb 1-1.2: new full-speed USB device"],
  ["grep nothing-like-this", 'No line contains "nothing-like-this".'],
  ["tell me a joke", "I did not understand that."],
];

test("answers what people say, in other words than its config has", async () => {
  await expectReplies("log-watcher", sentences);
});

test("reads lines of syslog and journalctl, also around New Year, and leaves out what is not a line of it", async () => {
  const copy = await copyOf("log-watcher");
  await writeFile(
    path.join(copy.place, "syslog.txt"),
    [
      "Dec 31 23:59:50 gateway app[1]: error: first",
      "Jan  1 00:00:10 gateway app[1]: error: second",
      "  a line that continues the one before: error",
      "2027-01-01T00:00:12+0100 gateway app[1]: error: third, from an older journalctl",
      "2027-01-01T00:00:14.123456+01:00 gateway app[1]: error: fourth, from a newer rsyslog",
      "-- Boot 5d1f --",
      "Jan  1 00:00:20 gateway app[1]: finished with 0 errors",
      "Jan  1 00:00:30 gateway app[1]: err",
    ].join("\r\n"),
  );
  const environment = { LOG_FILE: "syslog.txt", LOG_NOW: "2027-01-01T00:01:00", TZ: "Europe/Berlin" };
  expect(await copy.result(["logs.mjs", "count", "1h"], environment)).toMatchObject({ errors: 4, by: "app 4" });
  expect(await copy.result(["logs.mjs", "count", "today"], environment)).toMatchObject({ errors: 3 });
  expect(await copy.result(["logs.mjs", "tail", "50"], environment)).toMatchObject({
    lines: expect.stringMatching(/^23:59:50 app: error: first\n/),
  });
});

test("reads the end of a large log, within the memory that the agent has for tools", async () => {
  const copy = await copyOf("log-watcher");
  const line = "2026-05-14T13:30:00+00:00 gateway app[1]: error: the disk is full, again and again\n";
  await writeFile(path.join(copy.place, "large.txt"), `OLD ${line.repeat(60_000)}`);
  const [answer] = contents(await copy.replies(["how many errors in the last hour?"], { LOG_FILE: "large.txt" }));
  expect(answer).toMatch(/^5\d{4} errors in the last hour \(app 5\d{4}\)\./);
});

test("reads your own log by the clock when the lines for the sample are deleted", async () => {
  const copy = await copyOf("log-watcher");
  await copy.deleteFromConfig(/^ +(?:LOG_NOW|TZ): .*\n/gm);
  const line = `${new Date(Date.now() - 60_000).toISOString()} gateway app[1]: error: just now\n`;
  await writeFile(path.join(copy.place, "own.txt"), line);
  const [answer] = contents(await copy.replies(["any errors in the last 5 minutes?"], { LOG_FILE: "own.txt" }));
  expect(answer).toMatch(/^1 error in the last 5 minutes \(app 1\)\. The newest: .* app: error: just now$/);
});

test("a log that cannot be read is named", async () => {
  const copy = await copyOf("log-watcher");
  const [answer] = contents(await copy.replies(["newest error"], { LOG_FILE: "/nowhere/log" }));
  expect(answer).toContain("cannot read /nowhere/log: ENOENT");
});
