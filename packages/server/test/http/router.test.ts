import { expect, test } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import type { Route, RouteHandler, WholeReply } from "../../src/http/exchange.js";
import { openRouter } from "../../src/http/router.js";
import { fakeRequest } from "../access/fake-request.js";

const toErrorReply = (error: unknown): WholeReply => ({
  status: error instanceof ServiceError ? error.status : 500,
  headers: { "x-code": error instanceof ServiceError ? error.code : "unexpected" },
});
const show =
  (name: string): RouteHandler =>
  (_, parameters) => ({ status: 200, body: `${name} ${JSON.stringify(parameters)}` });
const routes: Route[] = [
  { method: "GET", path: "/models", handle: show("list"), isOpen: true },
  { method: "POST", path: "/models", handle: show("make") },
  { method: "GET", path: "/models/:id", handle: show("one") },
  { method: "GET", path: "/models/default", handle: show("default") },
  { method: "POST", path: "/permissions/:id/answer", handle: show("answer") },
  { method: "GET", path: "/fail", handle: () => Promise.reject(new Error("x")) },
];
const router = openRouter(routes, toErrorReply);

test.each([
  ["GET", "/models", "list {}"],
  ["HEAD", "/models", "list {}"],
  ["POST", "/models", "make {}"],
  ["GET", "/models/", "list {}"],
  ["POST", "/permissions/7/answer/", 'answer {"id":"7"}'],
  ["GET", "/models/a", 'one {"id":"a"}'],
  ["GET", "/models/a/b:c/", 'one {"id":"a/b:c/"}'],
  ["GET", "/models/__proto__", 'one {"id":"__proto__"}'],
  ["GET", "/models/default", "default {}"],
  ["POST", "/permissions/7/answer", 'answer {"id":"7"}'],
])("%s %s", async (method, path, body) => {
  expect(await router(fakeRequest({}, method, path))).toMatchObject({ status: 200, body });
});

test.each([
  ["GET", "//", 404],
  ["GET", "/Models", 404],
  ["GET", "/", 404],
  ["GET", "/constructor", 404],
  ["POST", "/permissions//answer", 404],
  ["POST", "/permissions/7", 404],
  ["POST", "/permissions/7/8/answer", 404],
  ["POST", "/permissions/7/answer/8", 404],
  ["PUT", "/models", 405],
  ["POST", "/models/a", 405],
  ["GET", "/fail", 500],
])("%s %s is %i", async (method, path, status) => {
  expect((await router(fakeRequest({}, method, path))).status).toBe(status);
});

test("an unknown method is told the known ones", async () => {
  expect((await router(fakeRequest({}, "PATCH", "/models"))).headers).toMatchObject({
    allow: "GET, HEAD, POST, OPTIONS",
    "x-code": "route-unknown",
  });
});

test("an unknown method is named apart from its path", async () => {
  let error: unknown;
  const watched = openRouter(routes, (cause) => {
    error = cause;
    return toErrorReply(cause);
  });
  await watched(fakeRequest({}, "TRACE", "/models"));
  expect(error).toMatchObject({ message: "/models does not support the method TRACE." });
});

test("an open route is open for its methods alone", () => {
  const isOpen = (method: string, path: string) => router.isOpen(fakeRequest({}, method, path));
  expect([isOpen("GET", "/models"), isOpen("HEAD", "/models")]).toEqual([true, true]);
  expect([isOpen("POST", "/models"), isOpen("GET", "/models/a"), isOpen("GET", "/x")]).toEqual([false, false, false]);
});

test("two routes for the same request are a fault", () => {
  expect(() => openRouter([...routes, { method: "GET", path: "/models", handle: show("x") }], toErrorReply)).toThrow();
});
