import { createRequire } from "node:module"
import type { ServiceDefinition } from "@grpc/grpc-js"
import { fromJSON } from "@grpc/proto-loader"

let definition: ServiceDefinition | undefined

/**
 * The service as the client package describes it. Fields have their JSON names, 64-bit numbers are text, enums are
 * their names, and what was not sent is absent.
 */
export function secretManagerService(): ServiceDefinition {
  const load = createRequire(import.meta.url)
  definition ??= fromJSON(load("@google-cloud/secret-manager/build/protos/protos.json"), {
    longs: String,
    enums: String,
  })["google.cloud.secretmanager.v1.SecretManagerService"] as ServiceDefinition
  return definition
}
