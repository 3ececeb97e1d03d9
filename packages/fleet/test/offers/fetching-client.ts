// Fetches the bundle of an offer, slowly enough to be killed. Arguments: OFFER_FILE KEY_FILE FOLDER BROKER_URL PREFIX
import { readFileSync } from "node:fs";
import { openBroker } from "@nanoagent/server/mqtt";
import { fetchBundle } from "../../src/offers/fetch-bundle.js";
import { parseOffer } from "../../src/offers/parse-offer.js";

const [offerFile = "", keyFile = "", folder = "", url = "", prefix = ""] = process.argv.slice(2);
const broker = await openBroker({ url, client_id: "fetching" }, { environment: {}, keepsSession: true });
broker.ready();
const file = await fetchBundle({
  offer: parseOffer(readFileSync(offerFile)),
  broker,
  prefix,
  folder,
  keys: [readFileSync(keyFile, "utf8")],
  signal: new AbortController().signal,
  onProgress: (share) => process.stdout.write(`${share}\n`),
});
process.stdout.write(`file ${file}\n`);
await broker.close();
