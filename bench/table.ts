import type { Result } from "./row.ts"

const HEADINGS = ["id", "what", "ours", "peer", "peer is", "unit", "figure", ""]

/** The results as lines of aligned columns. */
export function table(results: readonly (Result & { readonly id: string })[]): string {
  const rows = results.map(({ id, what, ours, peer, peerName, unit, figure, met }) => [
    id,
    what,
    shown(ours),
    shown(peer),
    peerName,
    unit,
    figure,
    met ? "met" : "NOT MET",
  ])
  const lines = [HEADINGS, ...rows]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const numbers = [2, 3]
  return lines
    .map(line =>
      line
        .map((cell, column) =>
          numbers.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function shown(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
