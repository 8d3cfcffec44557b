import { cpus, release, totalmem } from "node:os";
import type { Machine } from "./gate_result.ts";

/** The machine a figure was measured on, without which the figure says little. */
export function readMachine(): Machine {
  return {
    os: `${Deno.build.os} ${release()} ${Deno.build.arch}`,
    cpu: cpus()[0]?.model.trim() || "unknown processor",
    cores: navigator.hardwareConcurrency,
    memoryGib: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  };
}
