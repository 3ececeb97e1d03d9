import type { EngineSettings } from "@nanoagent/models";

/** Whether a model thinks before it answers: `auto` leaves it to the model. */
export type ThinkingSetting = NonNullable<EngineSettings["thinking"]>;
