export { coldHundredAws as row } from "../cold.ts"
