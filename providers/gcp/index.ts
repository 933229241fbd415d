export { gcp } from "./gcp.ts"
export type { GcpOptions } from "./options.ts"
export { fromUrl } from "./options.ts"
export type {
  GcpAccess,
  GcpAnswer,
  GcpAuthClient,
  GcpCallOptions,
  GcpClient,
  GcpPage,
  GcpSecret,
  GcpTime,
  GcpVersion,
} from "./sdk.ts"
