export type { Fault } from "./faults.ts"
export type { SeenRequest, StandInOptions } from "./stand-in.ts"
export { TallyStandIn } from "./stand-in.ts"
export type { ListedToken, TokenBook, TokenRecord } from "./tokens.ts"
