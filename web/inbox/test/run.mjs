// Runs the tests of what has no pixels: bundled first, for Node 20 reads no TypeScript.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const outDir = join(root, "node_modules/.tests");
await build({ root, configFile: false, logLevel: "warn", build: { ssr: join(root, "test/store.test.ts"), outDir, emptyOutDir: true } });
process.exit(spawnSync(process.execPath, ["--test", outDir], { stdio: "inherit" }).status ?? 1);
