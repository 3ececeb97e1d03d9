// `node hold-folder.mjs FOLDER` opens the session in a folder, prints `held`, and ends as if by SIGKILL when its input
// ends.
import { Journal } from "../../dist/node.js";

await Journal.open(process.argv[2] ?? "");
process.stdout.write("held\n");
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();
