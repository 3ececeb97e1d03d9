// Child process: `node hold-connection.mjs FOLDER URL` connects to a broker with the server that is installed in FOLDER, prints a
// line then, and another one for every 10,000 messages. Without URL it only waits, and prints a line at once.
import { importFromFolder } from "../import-from-folder.mjs";

const MESSAGES_PER_LINE = 10_000;

const [folder = "", url] = process.argv.slice(2);
const load = await importFromFolder(folder);
if (url === undefined) {
  process.stdout.write("waits\n");
  setInterval(() => {}, 2 ** 30);
} else {
  const { openBroker } = await load("@nanoagent/server/mqtt");
  const broker = await openBroker({ url, client_id: "bench" }, { environment: {} });
  let messages = 0;
  broker.subscribe("bench/#", async () => {
    messages += 1;
    if (messages % MESSAGES_PER_LINE === 0) process.stdout.write(`${messages}\n`);
  });
  broker.onChange(() => {
    if (broker.isConnected) process.stdout.write("connected\n");
  });
  broker.ready();
}
