import type { TestCase, TestModule } from "vitest/node"
import type { Cases } from "../cases.ts"

/** How the cases of one backend, on one server and of one kind, ended. */
export interface Count extends Cases {
  readonly passed: number
  readonly failed: number
  /** Those that did not run, by the reason. */
  readonly skipped: ReadonlyMap<string, number>
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
      const count = counts.get(key) ?? { backend, server, kind, passed: 0, failed: 0, skipped: new Map() }
      counts.set(key, add(count, test))
    }
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, count]) => count)
}

/** The counts as a table, and below it why cases did not run. Nothing if there are no counts. */
export function tableOf(counts: readonly Count[]): string {
  if (counts.length === 0) return ""
  const head = ["backend", "server", "kind", "passed", "failed", "skipped"]
  const rows = counts.map(({ backend, server, kind, passed, failed, skipped }) => {
    const left = [...skipped.values()].reduce((sum, one) => sum + one, 0)
    return [backend, server, kind, String(passed), String(failed), String(left)]
  })
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)))
  const lines = [head, ...rows].map(row =>
    row.map((cell, column) =>
      column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  )
  const reasons = new Set(
    counts.flatMap(({ skipped }) => [...skipped.keys()].filter(reason => reason !== "")),
  )
  return [...lines.map(cells => cells.join("  ")), ...[...reasons].map(reason => `skipped: ${reason}`)].join(
    "\n",
  )
}

function add(count: Count, test: TestCase): Count {
  const result = test.result()
  if (result.state === "passed") return { ...count, passed: count.passed + 1 }
  if (result.state === "failed") return { ...count, failed: count.failed + 1 }
  const reason = (result.state === "skipped" && result.note) || ""
  return { ...count, skipped: new Map(count.skipped).set(reason, (count.skipped.get(reason) ?? 0) + 1) }
}

function casesAround(test: TestCase): Cases | undefined {
  for (let around = test.parent; around.type === "suite"; around = around.parent) {
    const { cases } = around.meta() as { cases?: Cases }
    if (cases !== undefined) return cases
  }
  return undefined
}
