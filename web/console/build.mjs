// Writes the bundle and the licences of what is in it. The same sources give the same bytes; `--check` only compares.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../src/clarion/surfaces/console/static/console/editor.bundle.js");
const notices = join(here, "../../src/clarion/surfaces/console/static/console/editor.bundle.LICENSES.txt");

// What it was built from, so that a stale bundle is found where there is no Node (tests/guards/test_console_bundle.py).
const sources = ["build.mjs", "package.json", "package-lock.json", "src/editor.js"];
const digest = sources.reduce((hash, name) => hash.update(readFileSync(join(here, name))), createHash("sha256")).digest("hex");

const result = await build({
  entryPoints: [join(here, "src/editor.js")],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  banner: { js: `/* Built by web/console from ${digest}; see editor.bundle.LICENSES.txt. */` },
  metafile: true,
  write: false,
  absWorkingDir: here,
});
const packages = [...new Set(Object.keys(result.metafile.inputs).flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []))].sort();
const licences = packages.map((name) => {
  const folder = join(here, "node_modules", name);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
const outputs = [
  [target, result.outputFiles[0].text],
  [notices, `What editor.bundle.js is made of.\n\n${licences.join(`\n${"-".repeat(80)}\n\n`)}`],
];
let stale = false;
for (const [path, text] of outputs) {
  if (process.argv.includes("--check")) {
    let present = "";
    try {
      present = readFileSync(path, "utf8");
    } catch {}
    if (present !== text) {
      console.error(`${path} is not what its sources give: run make console`);
      stale = true;
    }
  } else writeFileSync(path, text);
}
process.exit(stale ? 1 : 0);
