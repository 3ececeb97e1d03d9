import { DeviceProfiler } from "../../src/index.js";

/** Three periods of a quota. */
const BUSY_MS = 300;

/** Prints the usable cores, then the cores it got: CPU time ÷ elapsed time of a busy loop. */
const { details } = await new DeviceProfiler().profileInDetail();
const start = process.hrtime.bigint();
const before = process.cpuUsage();
while (Number(process.hrtime.bigint() - start) < BUSY_MS * 1e6);
const { user, system } = process.cpuUsage(before);
const used = (user + system) / 1000 / (Number(process.hrtime.bigint() - start) / 1e6);

process.stdout.write(JSON.stringify({ usable: details.cpu.usable_cores, online: details.cpu.cores_online, used }));
