import type { TestCase, TestModule } from "vitest/node"
import type { Cases } from "../cases.ts"

/** How the cases of one backend, on one server and of one kind, ended. */
export interface Count extends Cases {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Counts what ran inside of `casesOf`, by backend, server and kind. */
export function countCases(modules: readonly TestModule[]): Count[] {
  const counts = new Map<string, { -readonly [Field in keyof Count]: Count[Field] }>()
  for (const module of modules)
    for (const test of module.children.allTests()) {
      const cases = casesAround(test)
      if (cases === undefined) continue
      const { backend, server, kind } = cases
      const key = `${backend} ${server} ${kind}`
      const count = counts.get(key) ?? { backend, server, kind, passed: 0, failed: 0, skipped: 0 }
      counts.set(key, add(count, test))
    }
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, count]) => count)
}

/** Why tests did not run, each reason once. */
export function reasonsIn(modules: readonly TestModule[]): string[] {
  const reasons = new Set<string>()
  for (const module of modules)
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === "skipped" && result.note) reasons.add(result.note)
    }
  return [...reasons]
}

/** The counts as a table; nothing if there are none. */
export function tableOf(counts: readonly Count[]): string {
  if (counts.length === 0) return ""
  const head = ["backend", "server", "kind", "passed", "failed", "skipped"]
  const rows = counts.map(({ backend, server, kind, passed, failed, skipped }) => [
    backend,
    server,
    kind,
    ...[passed, failed, skipped].map(String),
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)))
  const aligned = (cell: string, column: number): string =>
    column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return [head, ...rows].map(row => row.map(aligned).join("  ")).join("\n")
}

function add(count: Count, test: TestCase): Count {
  const { state } = test.result()
  const { passed, failed, skipped } = count
  if (state === "passed") return { ...count, passed: passed + 1 }
  return state === "failed" ? { ...count, failed: failed + 1 } : { ...count, skipped: skipped + 1 }
}

function casesAround(test: TestCase): Cases | undefined {
  for (let around = test.parent; around.type === "suite"; around = around.parent) {
    const { cases } = around.meta() as { cases?: Cases }
    if (cases !== undefined) return cases
  }
  return undefined
}
