/** A lab's server that runs until its standard input ends; its first line is its address. For the test of traces. */
import { serveLab } from "./serve_lab.ts";

await using served = await serveLab();
console.log(served.url);
for await (const _ of Deno.stdin.readable) {
  // Nothing is said; only the end counts.
}
