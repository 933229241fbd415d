import { defineConfig } from "vitest/config"
import { CasesReporter } from "./test/servers/vitest/cases-reporter.ts"

// Without "import": packages in CommonJS that require a package which has both forms would be given the wrong one.
const conditions = ["latchkey-source", "node", "default"]

/** Tests that need a real server. */
const SERVERS = "test/**/*.server.test.ts"
/** Tests that put a load on programs and promise that no call fails: on a machine that does nothing else meanwhile. */
const ALONE = [
  "test/examples/*.server.test.ts",
  "test/examples/load.test.ts",
  "test/rotation/load.server.test.ts",
]
/** Tests that start programs or read the whole project. */
const SLOW = ["test/{processes,examples,project,docs}/**/*.test.ts"]
/** Tests that do the same millions of times: counting each of these for the coverage would take several times as long. */
const LONG = ["test/rotation/{explorer,crash}/**/*.test.ts", "test/rotation/simulation.test.ts"]
const NEVER = "**/node_modules/**"

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // A program that does not end is a failure of its own, not a run that never ends.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Vitest would leave one processor to others, which is half of a small machine.
    maxWorkers: "100%",
    setupFiles: ["test/support/setup.ts"],
    reporters: [
      "default",
      ...(process.env.GITHUB_ACTIONS === "true" ? ["github-actions"] : []),
      new CasesReporter(),
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts", "providers/**/*.ts"],
      reporter: [["text", { skipFull: true }], "html"],
      thresholds: { branches: 95, lines: 95, statements: 95, functions: 95 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts", "docs/**/*.test.ts"],
          exclude: [NEVER, SERVERS, ...SLOW, ...LONG],
          // From 1 on, because files of order 0 come last on a machine that has one worker only.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "slow",
          include: SLOW,
          exclude: [NEVER, SERVERS, ...ALONE],
          // They start several programs one after the other.
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: LONG,
          exclude: [NEVER, SERVERS],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          typecheck: { enabled: true, only: true, include: ["test/**/*.test-d.ts"] },
        },
      },
      {
        extends: true,
        test: {
          name: "servers",
          include: [SERVERS],
          exclude: [NEVER, ...ALONE],
          // Begins to start servers when the run begins, and the tests that need them come last.
          globalSetup: ["test/servers/vitest/global-setup.ts"],
          sequence: { groupOrder: 2 },
          // Files that wait for a server that is being installed keep nobody from his work.
          maxWorkers: 4,
          // The first start of a server may install it.
          hookTimeout: 20 * 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ALONE,
          globalSetup: ["test/servers/vitest/global-setup.ts"],
          sequence: { groupOrder: 3 },
          maxWorkers: 1,
          hookTimeout: 20 * 60_000,
        },
      },
    ],
  },
})
