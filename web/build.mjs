// Bundles the browser assets into dist/: hashed names, manifest.json (plain name → hashed name),
// and a .br and .gz beside every text file, so that the server never compresses an asset.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import esbuild from "esbuild";

const root = import.meta.dirname;
const dist = join(root, "dist");
const bin = (name) => join(root, "node_modules/.bin", name);
const manifest = {};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

execFileSync(bin("tsc"), ["--noEmit"], { cwd: root, stdio: "inherit" });
await bundle({ app: "src/app.ts", editor: "src/editor.ts", run: "src/run.ts" }, { format: "esm", splitting: true });
await bundle({ theme: "src/theme.ts" }, { format: "iife" });
// Monaco starts its workers by address: each is one classic script of our own origin.
await bundle(
  {
    "worker-editor": "src/workers/editor.ts",
    "worker-json": "src/workers/json.ts",
    "worker-typescript": "src/workers/typescript.ts",
  },
  { format: "iife" },
);
styles();
writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2));
await compress();

async function bundle(entryPoints, options) {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints,
    outdir: dist,
    bundle: true,
    minify: true,
    target: ["chrome123", "firefox121", "safari17.5"],
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".ttf": "file" },
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    ...options,
  });
  const names = new Map(Object.entries(entryPoints).map(([name, path]) => [path, name]));
  for (const [path, output] of Object.entries(metafile.outputs)) {
    const entry = names.get(output.entryPoint);
    if (entry) manifest[`${entry}.js`] = basename(path);
    if (extname(path) === ".css") keepOneStyleSheet(basename(path));
  }
}

// Each lazily loaded part of Monaco brings its own copy of the same rules. The pages that edit link
// the whole one; the parts are of no use to anybody.
function keepOneStyleSheet(name) {
  if (name.startsWith("monaco-")) manifest["monaco.css"] = name;
  else rmSync(join(dist, name));
}

function styles() {
  const css = execFileSync(bin("tailwindcss"), ["--input", "src/app.css", "--minify"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 16 << 20,
  });
  const hash = createHash("sha256").update(css).digest("hex").slice(0, 8).toUpperCase();
  manifest["app.css"] = `app-${hash}.css`;
  writeFileSync(join(dist, manifest["app.css"]), css);
}

async function compress() {
  const texts = readdirSync(dist).filter((name) => [".js", ".css"].includes(extname(name)));
  await Promise.all(
    texts.map(async (name) => {
      const path = join(dist, name);
      const content = readFileSync(path);
      // Quality 11 takes a quarter of a minute for the TypeScript worker alone, for 6 % less.
      const quality = statSync(path).size > 1 << 20 ? 9 : 11;
      const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
      writeFileSync(`${path}.br`, await promisify(brotliCompress)(content, { params }));
      writeFileSync(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
    }),
  );
}
