import type { Command } from "../command-line/command.js";
import { bundle } from "./bundle.js";
import { check } from "./check.js";
import { completion } from "./completion.js";
import { doctor } from "./doctor.js";
import { evaluate } from "./eval.js";
import { fleet } from "./fleet.js";
import { init } from "./init.js";
import { models } from "./models.js";
import { optimize } from "./optimize.js";
import { profile } from "./profile.js";
import { run } from "./run.js";
import { serve } from "./serve.js";
import { service } from "./service.js";
import { sessions } from "./sessions.js";
import { status } from "./status.js";
import { triggers } from "./triggers.js";

/** Commands, in the order in which a new user needs them. */
export const commands: readonly Command[] = [
  profile,
  models,
  optimize,
  init,
  check,
  run,
  serve,
  service,
  status,
  triggers,
  bundle,
  fleet,
  doctor,
  evaluate,
  sessions,
  completion,
];
