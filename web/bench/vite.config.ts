import { resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The benchmark pages as production code: `vite build --config bench/vite.config.ts`.
const here = import.meta.dirname;

export default defineConfig({
  root: here,
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2022",
    rollupOptions: {
      input: { lines: resolve(here, "lines.html"), gallery: resolve(here, "gallery.html"), parallel: resolve(here, "parallel.html") },
    },
  },
});
