import { describe, it } from "vitest"
import { PATIENCE } from "./eventually.ts"

/** What the contract suite runs in, with the patience that a busy machine needs. */
export const framework = { describe, it, patience: `${PATIENCE}ms` } as const
