import type { Machine } from "./machine.js";

/** Does it run the Linux kernel, so that /proc and /sys are what they are there? Android does. */
export function isLinux(machine: Pick<Machine, "platform">): boolean {
  return machine.platform === "linux" || machine.platform === "android";
}
