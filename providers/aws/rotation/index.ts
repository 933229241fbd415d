export { rotationLedger } from "./ledger.ts"
