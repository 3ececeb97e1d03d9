import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { connectFleet } from "./connect.js";
import { safe } from "./describe-agent.js";
import { waitingFor } from "./waiting-for.js";

/** Sends a message to an agent, and prints its answer. */
export const askAgent: CommandAction = async (values, streams) => {
  const { stdout, stderr, stop } = streams;
  const id = String(values.id);
  await using fleet = await connectFleet(values, streams);
  const { conversation } = values;
  const { text, isCut } = await waitingFor(`Waiting for the answer of ${safe(id)}`, values, streams, (wait) =>
    fleet.registry.ask(id, String(values.message), {
      signal: stop,
      ...wait,
      ...(conversation !== undefined && { conversation: String(conversation) }),
    }),
  );
  stdout.write(values.json ? formatJson({ id, text, is_cut: isCut }) : plainText(`${text}\n`));
  if (isCut) stderr.write("note: The agent cut the answer, because it is too long for a message.\n");
  return exitCodes.done;
};
