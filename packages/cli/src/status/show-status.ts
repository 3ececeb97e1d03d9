import { type FoundService, findServices, type Health, ServiceError, type ServiceStatus } from "@nanoagent/server";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatDuration } from "../output/duration.js";
import { formatFields, formatJson } from "../output/format.js";
import { inOneLine, plainLine } from "../output/plain-text.js";
import { describeDevice } from "./describe-device.js";
import { describeMemory } from "./describe-memory.js";

const LABEL_COLUMN = 15;

/** Shows the running services of this user. */
export const showStatus: CommandAction = async (values, { stdout }) => {
  const found = await findServices();
  if (found.length === 0) throw noService();
  stdout.write(values.json ? formatJson(asJson(found)) : found.map(describe).join("\n"));
  return found.some(({ status }) => status !== null) ? exitCodes.done : exitCodes.failed;
};

function noService(): ServiceError {
  return new ServiceError({
    code: "service-not-found",
    message: "No service of this user runs on this machine.",
    reason: "Services of other users, and those of the system, are not shown.",
    hint: "Start one with nanoagent serve --config agent.yaml. For a service that was installed: nanoagent service status.",
    status: 404,
    type: "not_found_error",
  });
}

function asJson(found: readonly FoundService[]) {
  return {
    services: found.flatMap(({ status }) => (status === null ? [] : [status])),
    /** Sockets of services that run but did not answer. */
    unanswered: found.flatMap(({ status, socket }) => (status === null ? [socket] : [])),
  };
}

function describe({ status, socket }: FoundService): string {
  if (status === null) return `A service does not answer at ${plainLine(socket)}.\n`;
  const { name, url, pid, uptime_seconds, health, models, turns, conversations, questions, memory } = status;
  const where = url === null ? "not listening yet" : plainLine(url);
  // A service of an earlier version does not report it.
  const device = status.device ? describeDevice(status.device) : null;
  return (
    `${plainLine(name)}: ${where} (process ${pid}, running for ${formatDuration(uptime_seconds)})\n` +
    formatFields(LABEL_COLUMN, {
      Health: describeHealth(health),
      // A service of an earlier version does not report it.
      ...(status.wyoming && { "Voice at": plainLine(status.wyoming.url) }),
      // Services of earlier versions have neither.
      ...(status.triggers && { Triggers: describeTriggers(status.triggers) }),
      ...(status.mqtt && { Broker: describeBroker(status.mqtt) }),
      ...(status.release && describeRelease(status.release)),
      Models: models.map(describeModel).join(", "),
      Turns: `${turns.answered} answered, ${turns.failed} failed, ${turns.aborted} aborted; ${turns.running} running, ${turns.waiting} waiting`,
      Tokens: `${turns.prompt_tokens} read, ${turns.cached_prompt_tokens} of them cached; ${turns.completion_tokens} written`,
      Conversations: `${conversations.open} open, at most ${conversations.max}`,
      ...(questions > 0 && { Questions: `${questions} waiting for an answer` }),
      ...(memory !== null && { Memory: describeMemory(memory) }),
      ...(device !== null && { Device: device }),
    })
  );
}

/** Counts triggers by their state, and names those that need a person. */
export function describeTriggers({ list, unknown }: NonNullable<ServiceStatus["triggers"]>): string {
  const states = ["armed", "waiting", "failing", "off"] as const;
  const counts = states.map((state) => ({
    state,
    names: list.filter(({ status }) => status === state).map(({ name }) => name),
  }));
  const open = list.reduce((sum, trigger) => sum + trigger.open, 0);
  const parts = [
    ...counts
      .filter(({ names }) => names.length > 0)
      .map(({ state, names }) => `${names.length} ${state}${state === "failing" ? ` (${names.join(", ")})` : ""}`),
    `${open} ${open === 1 ? "event waits" : "events wait"}`,
    ...(unknown.length === 0 ? [] : [`${unknown.length} with an unknown result: nanoagent triggers log --unknown`]),
  ];
  return parts.join(", ");
}

export function describeRelease({ root, bundle, update }: NonNullable<ServiceStatus["release"]>) {
  const facts = bundle && `${plainLine(bundle.name)} ${plainLine(bundle.version)}, sequence ${bundle.sequence}`;
  const reason = update?.reason ? `: ${inOneLine(update.reason)}` : "";
  return {
    Release: `${facts ?? "none"}, in ${plainLine(root)}`,
    ...(update !== null && { Update: `sequence ${update.sequence} ${update.state} at ${update.at}${reason}` }),
  };
}

export function describeBroker({ url, connected, problem }: NonNullable<ServiceStatus["mqtt"]>): string {
  return connected
    ? `connected to ${plainLine(url)}`
    : `not connected to ${plainLine(url)}${problem === null ? "" : `: ${plainLine(problem)}`}`;
}

/** The reasons are whole sentences. */
export function describeHealth({ status, reasons }: Pick<Health, "status" | "reasons">): string {
  const sentences = reasons.map(({ message }) => plainLine(message)).join(" ");
  return sentences === "" ? status : `${status}: ${sentences}`;
}

function describeModel({ id, target, engine, context_tokens }: ServiceStatus["models"][number]): string {
  const facts = [
    target === "model" ? "the model alone" : "the agent",
    engine,
    ...(context_tokens === null ? [] : [`${context_tokens} tokens of context`]),
  ];
  return `${id} (${facts.join(", ")})`;
}
