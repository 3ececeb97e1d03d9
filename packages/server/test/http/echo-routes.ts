import { ServiceError } from "../../src/errors/service-error.js";
import { openRouter } from "../../src/http/router.js";

/** A few routes that answer at once. */
export const echo = openRouter(
  [
    { method: "GET", path: "/", handle: () => ({ status: 200, body: "hello" }) },
    { method: "GET", path: "/query", handle: (request) => ({ status: 200, body: request.query("a") ?? "none" }) },
    { method: "GET", path: "/name/:rest", handle: (_, { rest = "" }) => ({ status: 200, body: rest }) },
    {
      method: "POST",
      path: "/echo",
      handle: async (request) => ({ status: 200, body: JSON.stringify(await request.json()) }),
    },
    {
      method: "GET",
      path: "/stream",
      handle: () => ({
        status: 200,
        headers: { "content-type": "text/plain" },
        stream: async (out) => {
          for (const word of ["one ", "two ", "three"]) await out.write(word);
        },
      }),
    },
  ],
  (error) => ({ status: error instanceof ServiceError ? error.status : 500, body: String(error) }),
);

/** A GET request after which the connection ends. */
export const get = (target: string, headers = "host: x\r\n") =>
  `GET ${target} HTTP/1.1\r\n${headers}connection: close\r\n\r\n`;
/** A POST request to `/echo` with exactly these headers and bytes. */
export const post = (body: string, headers = "") =>
  `POST /echo HTTP/1.1\r\nhost: x\r\n${headers}connection: close\r\n\r\n${body}`;
/** A POST request with the length of its body. */
export const sized = (body: string) => post(body, `content-length: ${Buffer.byteLength(body)}\r\n`);
