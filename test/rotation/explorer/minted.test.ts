import { SETTINGS } from "../model/settings.ts"
import { walkThrough } from "./walks.ts"

walkThrough(SETTINGS.filter(({ kind }) => kind === "minted"))
