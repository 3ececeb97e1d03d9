import { fileURLToPath } from "node:url";
import type { MqttSettings, NanoAgentConfigInput } from "@nanoagent/models";
import { type Agent, openAgent } from "@nanoagent/runtime";
import type { FoundService } from "@nanoagent/server";
import {
  type AddedEvent,
  clientIdOf,
  type LoggedEvent,
  loadMqtt,
  loadTriggers,
  runThroughService,
} from "@nanoagent/server/program";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { inOneLine, plainText } from "../output/plain-text.js";
import { isInteractive, openInput } from "../run/open-input.js";
import { Permissions } from "../run/permissions.js";
import { readAgent } from "../run/read-agent.js";
import type { StopRequest, Streams } from "../streams.js";
import { explainWait } from "./explain-wait.js";
import { findTriggerService } from "./find-trigger-service.js";
import { loggedEvents } from "./logged-events.js";
import { readTypedEvent } from "./read-event.js";
import { readTriggerPlace, requireTrigger, type TriggerPlace } from "./trigger-place.js";

/** Time for an act that runs when the program is interrupted, and for closing the agent after that. */
const STOP_MILLISECONDS = 15_000;

/** An event that is run by hand. */
interface HandEvent {
  readonly trigger: string;
  readonly payload: unknown;
  readonly topic?: string;
}

interface RunOptions {
  readonly signal: AbortSignal;
  readonly onAccepted: (event: AddedEvent) => void;
}

/** Makes an event by hand, and waits until the work on it has ended: in the running service, or here without one. */
export const runTrigger: CommandAction = async (values, streams) => {
  const place = await readTriggerPlace(values);
  const trigger = requireTrigger(place, String(values.name));
  const { at: _, ...typed } = await readTypedEvent(values, trigger);
  const event = { trigger: trigger.name, ...typed };
  const service = await findTriggerService(place.folder);
  const { stdout, stderr, stop } = streams;
  let accepted: string | null = null;
  const onAccepted = ({ id, isRepeated }: AddedEvent) => {
    accepted = id;
    const where = service === null ? "" : ", in the running service";
    if (!isRepeated) stderr.write(plainText(`Event ${id} of ${trigger.name}${where}.\n`));
  };
  const say = (message: string) => stderr.write(plainText(`note: ${message}\n`));
  // Without a service, notices are printed as they come.
  const stopExplaining = service === null ? () => {} : explainWait({ folder: place.folder, trigger, say });
  try {
    const options = { signal: stop, onAccepted };
    const ended = await (service === null
      ? runHere(place, event, values, streams, options)
      : runThroughService(service as FoundService, event, options));
    if (ended === null) {
      if (values.json) stdout.write(formatJson({ id: accepted, trigger: trigger.name, repeated: true }));
      else stdout.write(plainText(`The same event was there before: ${accepted}. Nothing was run again.\n`));
      return exitCodes.done;
    }
    const { outcome, result, tries } = ended;
    if (values.json) stdout.write(formatJson({ id: ended.id, trigger: trigger.name, outcome, result, tries }));
    else stdout.write(`${outcome}${result === "" ? "" : `: ${inOneLine(result)}`}\n`);
    return outcome === "done" ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (!stop.aborted) throw error;
    const { exitCode } = stop.reason as StopRequest;
    if (accepted !== null) {
      const what = service === null ? await fateOf(accepted, place) : `The service goes on with the event ${accepted}.`;
      stderr.write(plainText(`Interrupted. ${what}\n`));
    }
    return exitCode;
  } finally {
    stopExplaining();
  }
};

/** Returns a sentence about an event after an interruption: an act that was under way had some time to end. */
async function fateOf(id: string, { folder }: TriggerPlace): Promise<string> {
  let event: LoggedEvent | null = null;
  for await (const logged of loggedEvents(folder)) if (logged.event.id === id) event = logged;
  const { outcome = null, result = null, acts = [] } = event ?? {};
  if (outcome !== null) {
    return `The work on the event ${id} has ended: ${outcome}${result ? `: ${inOneLine(result)}` : ""}`;
  }
  if (!acts.some(({ is_uncertain }) => is_uncertain))
    return `The event ${id} stays in the queue: the next nanoagent serve goes on with it.`;
  return `The act of the event ${id} was stopped, and may or may not have been done: the next nanoagent serve decides by on_unknown.`;
}

/** Opens the agent, and works on this event alone: no source listens, and no other event goes on. */
async function runHere(
  { folder }: TriggerPlace,
  { trigger, ...event }: HandEvent,
  values: OptionValues,
  streams: Streams,
  { signal, onAccepted }: RunOptions,
) {
  const say = (message: string) => streams.stderr.write(plainText(`note: ${message}\n`));
  const config = await readAgent(values, streams, say, "triggers");
  const settings = config.triggers ?? [];
  const { openTriggers } = await loadTriggers();
  await using agent = await openHere(config);
  const broker = await openAnswers(config, trigger, say);
  try {
    const permissions = new Permissions(isInteractive(values, streams) ? () => openInput(values, streams) : null);
    await using triggers = await openTriggers({
      settings,
      folder,
      armed: false,
      broker,
      agent: {
        use: async (stop, act) => {
          stop.throwIfAborted();
          return act(agent);
        },
        ask: (request, stop) => permissions.allows(request, stop),
      },
      onNotice: ({ message }) => say(message),
    });
    streams.stopMilliseconds = STOP_MILLISECONDS;
    const added = await triggers.run(trigger, event);
    onAccepted(added);
    return added.isRepeated ? null : await triggers.ended(added.id, signal);
  } finally {
    await broker?.close();
  }
}

function openHere(config: NanoAgentConfigInput): Promise<Agent> {
  return openAgent(config, {
    hostFile: fileURLToPath(new URL("./host-program.js", import.meta.url)),
    ownsProgram: true,
  });
}

/** Connects to the broker if an answer of the trigger goes there. */
async function openAnswers(config: NanoAgentConfigInput, name: string, say: (message: string) => void) {
  const { triggers = [], mqtt } = config;
  const then = [triggers.find((trigger) => trigger.name === name)?.then ?? []].flat();
  if (mqtt === undefined || !then.some((answer) => "mqtt" in answer)) return null;
  const { openBroker } = await loadMqtt();
  const settings: MqttSettings = { ...mqtt, client_id: `${mqtt.client_id ?? clientIdOf()}-by-hand` };
  const broker = await openBroker(settings, {
    environment: process.env,
    onNotice: ({ message }) => say(message),
  });
  broker.ready();
  return broker;
}
