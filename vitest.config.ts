import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["latchkey-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["latchkey-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/**/*.test.ts", "docs/**/*.test.ts"],
    // A program that does not end is a failure of its own, not a run that never ends.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ["test/support/setup.ts"],
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"] },
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts", "providers/**/*.ts"],
      reporter: [["text", { skipFull: true }], "html"],
      thresholds: { branches: 95, lines: 95, statements: 95, functions: 95 },
    },
  },
})
