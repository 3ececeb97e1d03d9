import type { ServeSettings } from "@nanoagent/models";
import { expect, test } from "vitest";
import { addressesOf } from "../../src/service/service-facts.js";

const clients = ["192.168.1.10"];

/** Written settings, and the addresses of the service and of its Wyoming service. */
const cases: readonly [ServeSettings | undefined, string, string | null][] = [
  [undefined, "127.0.0.1:7420", null],
  [{ host: "0", port: 80 }, "0.0.0.0:80", null],
  [{ wyoming: { port: 10_400 } }, "127.0.0.1:7420", "127.0.0.1:10400"],
  [{ host: "[::1]", wyoming: { port: 10_400 } }, "::1:7420", "::1:10400"],
  [{ host: "192.168.1.5", wyoming: { port: 10_400 } }, "192.168.1.5:7420", "127.0.0.1:10400"],
  [{ host: "127.0.0.2", wyoming: { port: 10_400, allow_clients: clients } }, "127.0.0.2:7420", "0.0.0.0:10400"],
  [{ host: "::1", wyoming: { port: 10_400, allow_clients: clients } }, "::1:7420", ":::10400"],
];

test.each(cases)("%j listens on %s and %s", async (serve, own, voice) => {
  const addresses = await addressesOf(serve === undefined ? {} : { serve });
  const shown = addresses.map(({ host, port }) => `${host}:${port}`);
  expect(shown).toEqual(voice === null ? [own] : [own, voice]);
});
