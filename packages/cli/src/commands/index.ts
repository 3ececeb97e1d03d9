import type { Command } from "../command.js";
import { optimize } from "./optimize.js";
import { profile } from "./profile.js";
import { run } from "./run.js";
import { sessions } from "./sessions.js";

/** The commands, in the order in which a newcomer meets them. */
export const commands: readonly Command[] = [profile, optimize, run, sessions];
