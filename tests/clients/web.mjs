// A step of `calls.mjs` by Node's fetch:
//     node web.mjs http://127.0.0.1:7480 taxproof.bin read REQUEST-ID

import { readFileSync } from "node:fs";

import { hex, steps } from "./calls.mjs";
import { main } from "./main.mjs";

await main(async ({ address, descriptors, step, argument }) => {
  const described = hex(readFileSync(descriptors));
  return steps(address, described)[step](argument);
});
