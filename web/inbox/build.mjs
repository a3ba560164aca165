// Builds the element with Vite in library mode: into dist/ for npm, and into the Python package, which brings it to users
// who have no Node. The same sources give the same bytes; `--check` writes nothing and compares with the package's.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const served = join(here, "../../src/clarion/surfaces/pages/static/inbox");
const MOST_BYTES = 40_000;

// What it was built from, so that a stale bundle is found where there is no Node (tests/guards/test_inbox_bundle.py).
const written = readdirSync(join(here, "src"), { recursive: true }).map((name) => `src/${name.replaceAll("\\", "/")}`).filter((name) => /\.(ts|js)$/.test(name));
const sources = ["build.mjs", "package-lock.json", "package.json", ...written].sort();
const digest = sources.reduce((hash, name) => hash.update(readFileSync(join(here, name))), createHash("sha256")).digest("hex");

const results = await build({
  root: here,
  configFile: false,
  logLevel: "warn",
  build: {
    write: false,
    target: "es2022",
    minify: true,
    lib: { entry: join(here, "src/index.ts"), formats: ["es"], fileName: () => "clarion-inbox.js" },
  },
});
const [chunk, ...others] = [results].flat().flatMap((result) => result.output);
if (others.length) throw new Error("the element is to be one file");
const banner = `/* <clarion-inbox>, Apache-2.0; built by web/inbox from ${digest}; see clarion-inbox.LICENSES.txt. */\n`;
const code = banner + chunk.code;
const packages = ["lit", "lit-html", "lit-element", "@lit/reactive-element"];
const licences = packages.map((name) => {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}\n`;
});
const zipped = gzipSync(code, { level: 9 }).length;
if (zipped > MOST_BYTES) throw new Error(`${zipped} bytes gzipped, ${MOST_BYTES} at most`);
const outputs = {
  "clarion-inbox.js": code,
  "clarion-inbox.LICENSES.txt": `What clarion-inbox.js is made of, beside Clarion's own code.\n\n${licences.join(`\n${"-".repeat(80)}\n\n`)}`,
  "push-worker.js": readFileSync(join(here, "src/push-worker.js"), "utf8"),
};

let stale = false;
for (const [name, text] of Object.entries(outputs)) {
  if (process.argv.includes("--check")) {
    let present = "";
    try {
      present = readFileSync(join(served, name), "utf8");
    } catch {}
    if (present !== text) {
      console.error(`${name} is not what its sources give: run make web`);
      stale = true;
    }
    continue;
  }
  for (const folder of [served, join(here, "dist")]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
if (!process.argv.includes("--check")) console.log(`clarion-inbox.js: ${code.length} bytes, ${zipped} gzipped`);
process.exit(stale ? 1 : 0);
