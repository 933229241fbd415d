import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["latchkey-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["latchkey-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/setup.ts"],
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"] },
  },
})
