export { describe, labelsOf, refuseUnfit } from "./fitness.ts"
export { managedLedger, rotationLedger } from "./ledger.ts"
export { managedRotationId, tokenOfRotation } from "./place.ts"
