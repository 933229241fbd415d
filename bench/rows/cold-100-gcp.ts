import { coldHundred } from "../cold.ts"
import type { Row } from "../row.ts"

export const row: Row = coldHundred("gcp")
