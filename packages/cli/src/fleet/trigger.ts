import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { connectFleet } from "./connect.js";
import { safe } from "./describe-agent.js";
import { waitingFor } from "./waiting-for.js";

/** Runs a trigger of an agent, and prints the end of its act. */
export const triggerAgent: CommandAction = async (values, streams) => {
  const { stdout, stop } = streams;
  const id = String(values.id);
  const { payload } = values;
  await using fleet = await connectFleet(values, streams);
  const finished = await waitingFor(`Waiting for the act of ${safe(id)}`, values, streams, (wait) =>
    fleet.registry.trigger(id, String(values.name), {
      signal: stop,
      ...wait,
      ...(payload !== undefined && { payload: String(payload) }),
    }),
  );
  const { outcome, text } = finished;
  stdout.write(
    values.json ? formatJson({ id, ...finished }) : `${safe(outcome)}${text.trim() === "" ? "" : `: ${safe(text)}`}\n`,
  );
  return outcome === "done" ? exitCodes.done : exitCodes.failed;
};
