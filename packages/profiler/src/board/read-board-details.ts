import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** Placeholders that some vendors leave instead of a name. */
const PLACEHOLDERS = /^(to be filled.*|system product name|default string|not specified|none|unknown|o\.e\.m\.)?$/i;

/** Chips by their `compatible` string in the device tree. Source: the bindings of the Linux kernel. */
const SOCS: readonly (readonly [compatible: string, name: string])[] = [
  ["brcm,bcm2712", "Broadcom BCM2712"],
  ["brcm,bcm2711", "Broadcom BCM2711"],
  ["brcm,bcm2837", "Broadcom BCM2837"],
  ["brcm,bcm2836", "Broadcom BCM2836"],
  ["brcm,bcm2835", "Broadcom BCM2835"],
  ["rockchip,rk3588", "Rockchip RK3588"],
  ["rockchip,rk3576", "Rockchip RK3576"],
  ["rockchip,rk3566", "Rockchip RK3566"],
  ["rockchip,rk3399", "Rockchip RK3399"],
  ["nvidia,tegra234", "NVIDIA Orin (Tegra234)"],
  ["nvidia,tegra194", "NVIDIA Xavier (Tegra194)"],
  ["nvidia,tegra210", "NVIDIA Tegra X1 (Tegra210)"],
  ["starfive,jh7110", "StarFive JH7110"],
  ["allwinner,sun50i-h618", "Allwinner H618"],
  ["amlogic,g12b", "Amlogic G12B"],
];

/** Reads the names of the board and its chip. No serial number is read. Never rejects. */
export async function readBoardDetails(machine: Machine): Promise<DeviceDetails["board"]> {
  return { model: await factOf(() => readModel(machine)), soc: await factOf(() => readSoc(machine)) };
}

async function readModel(machine: Machine): Promise<Fact<string>> {
  const tree = cleaned(await readOrNull(machine, "/proc/device-tree/model"));
  if (tree !== null) return certain(tree, "/proc/device-tree/model");
  const vendor = cleaned(await readOrNull(machine, "/sys/class/dmi/id/sys_vendor"));
  const product = cleaned(await readOrNull(machine, "/sys/class/dmi/id/product_name"));
  const names = [vendor, product].filter((name) => name !== null);
  return names.length === 0 ? unknown("no file names the board") : certain(names.join(" "), "/sys/class/dmi/id");
}

async function readSoc(machine: Machine): Promise<Fact<string>> {
  const path = "/proc/device-tree/compatible";
  const compatible = ((await readOrNull(machine, path)) ?? "").split("\0").filter(Boolean);
  const known = SOCS.find(([name]) => compatible.includes(name));
  if (known !== undefined) return certain(known[1], path);
  const last = cleaned(compatible.at(-1) ?? null);
  return last === null ? unknown("no device tree names the chip") : likely(last, path);
}

function cleaned(text: string | null): string | null {
  const name = (text ?? "").replaceAll("\0", "").trim();
  return PLACEHOLDERS.test(name) ? null : name;
}
