import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Relative URLs everywhere: the dashboard works below any path of a proxy. The document's
// <base> tag is the one place that names the path.
// No inline script, style or data: URL leaves this build, so the server's CSP needs no exception.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../peira/server/web",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  worker: { format: "es" },
  server: {
    port: 5173,
    proxy: { "/api": process.env.PEIRA_SERVER ?? "http://127.0.0.1:6060" },
  },
  test: { include: ["src/**/*.test.ts"] },
});
