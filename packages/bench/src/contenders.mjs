import { handWrittenLoop } from "./contenders/hand-written-loop.mjs";
import {
  nanoagent,
  nanoagentDurable,
  nanoagentJournal,
  nanoagentMock,
  nanoagentStream,
} from "./contenders/nanoagent.mjs";
import { ai } from "./peers/ai.mjs";
import { langgraph } from "./peers/langgraph.mjs";
import { piAgentCore } from "./peers/pi-agent-core.mjs";
import { xsai } from "./peers/xsai.mjs";

/** @typedef {import("./contenders/contender.mjs").Contender} Contender */

/** The ways to use nanoagent, and the hand-written loop as the lower bound. */
export const ownContenders = {
  nanoagent,
  "nanoagent-stream": nanoagentStream,
  "nanoagent-mock": nanoagentMock,
  "nanoagent-journal": nanoagentJournal,
  "nanoagent-durable": nanoagentDurable,
  floor: handWrittenLoop,
};

/** @type {Readonly<Record<string, Contender>>} */
export const peers = { xsai, "pi-agent-core": piAgentCore, ai, langgraph };

/** @type {Readonly<Record<string, Contender>>} */
export const contenders = { ...ownContenders, ...peers };
