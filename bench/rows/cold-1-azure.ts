import { coldOne } from "../cold.ts"
import type { Row } from "../row.ts"

export const row: Row = coldOne("azure")
