import type { Machine } from "./machine.js";

/** Whether a machine runs the Linux kernel, so that /proc and /sys have the usual contents. True for Android. */
export function isLinux(machine: Pick<Machine, "platform">): boolean {
  return machine.platform === "linux" || machine.platform === "android";
}
