import { Metadata, type ServiceError, status } from "@grpc/grpc-js"
import { type ErrorDetail, packedDetails } from "./error-details.ts"

/** The name of a gRPC status that is an error. */
export type CodeName = Exclude<keyof typeof status, "OK">

/** What a call is refused with. */
export class Failure extends Error {
  override readonly name = "Failure"
  readonly code: CodeName
  readonly details: readonly ErrorDetail[]

  /** @param message what travels as the text of the status. */
  constructor(code: CodeName, message: string, details: readonly ErrorDetail[] = []) {
    super(message)
    this.code = code
    this.details = details
  }

  /** The form in which a gRPC server takes it; details travel in the trailer `grpc-status-details-bin`. */
  toServiceError(): ServiceError {
    const code = status[this.code]
    const metadata = new Metadata()
    if (this.details.length > 0) {
      metadata.set("grpc-status-details-bin", packedDetails(code, this.message, this.details))
    }
    return Object.assign(new Error(this.message), { code, details: this.message, metadata })
  }
}
