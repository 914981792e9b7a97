// A step of `calls.mjs` in a page of Chromium, as `web.mjs` takes it. The page is served on the
// origin that ORIGIN names, which the bank must list in `web_origins`:
//     ORIGIN=http://127.0.0.1:8080 node browser.mjs http://127.0.0.1:7480 taxproof.bin read REQUEST-ID

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import { hex } from "./calls.mjs";
import { main } from "./main.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

async function page() {
  const entry = new URL("./calls.mjs", import.meta.url).pathname;
  const options = { bundle: true, format: "iife", globalName: "calls", write: false };
  const built = await build({ entryPoints: [entry], ...options });
  const script = built.outputFiles[0].text.replaceAll("</script", "<\\/script");
  return `<!doctype html><meta charset="utf-8"><title>bank</title><script>${script}</script>`;
}

await main(async ({ address, descriptors, step, argument }) => {
  const origin = new URL(process.env.ORIGIN);
  const html = await page();
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(html);
  });
  await new Promise((listening) => server.listen(origin.port, origin.hostname, listening));
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
  try {
    const tab = await browser.newPage();
    await tab.goto(origin.href);
    const described = hex(readFileSync(descriptors));
    return await tab.evaluate(
      ([address, described, step, argument]) => calls.steps(address, described)[step](argument),
      [address, described, step, argument],
    );
  } finally {
    await browser.close();
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
