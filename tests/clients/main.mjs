// The command line of both web clients: ADDRESS DESCRIPTORS STEP [ARGUMENT] [OUT]. A presentation is
// named by its file; what a step makes goes to OUT.

import { readFileSync, writeFileSync } from "node:fs";

import { hex, unhex } from "./calls.mjs";

export async function main(run) {
  const [address, descriptors, step, named, file] = process.argv.slice(2);
  const argument = step === "submit" ? hex(readFileSync(named)) : named;
  const { out, ...found } = await run({ address, descriptors, step, argument });
  if (file) writeFileSync(file, unhex(out));
  console.log(JSON.stringify(found));
}
