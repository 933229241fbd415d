export { noKv1Ledger } from "./kv1.ts"
export { kv2Ledger } from "./ledger.ts"
