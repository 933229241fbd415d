import { type PromotedBy, type PromoteOptions, SecretError } from "../../../src/core/index.ts"
import type { Connection } from "../client.ts"
import { isVersionId } from "../names.ts"
import { contentOf, create, type NewSecret, replace } from "../write.ts"
import { describe, labelsOf } from "./fitness.ts"
import type { Place } from "./place.ts"
import { tokenOf } from "./tokens.ts"

/**
 * Moves AWSCURRENT from the version that is expected to have it, which is refused if another one does. The version
 * before then has AWSPREVIOUS.
 *
 * The condition alone does not tell a promotion that is made again from one that was taken back: whoever moves AWSCURRENT
 * back to the version before has made the condition hold once more. By that move the candidate has got AWSPREVIOUS, so
 * that is looked for first. What remains is a person who moves it back between that look and the move.
 *
 * A value that was not parked by this rotation, a former one as well, is put aside as a version of its own, which is then
 * promoted in the same way: so it has an id by which that look is possible.
 */
export async function promote(
  connection: Connection,
  fresh: NewSecret,
  name: string,
  { token, isKept }: Place,
  { rotationId, value, reference, expectBase, signal }: PromoteOptions,
): Promise<PromotedBy> {
  if (expectBase === undefined) {
    const content = contentOf(value, await tokenOf("latchkey/first", name, rotationId))
    const { version } = await create({ connection, name, content, fresh, signal })
    return { version, journaled: false }
  }
  if (!isVersionId(expectBase)) throw changed()
  const isParked = reference === token
  const version = isParked ? token : await tokenOf("latchkey/promoted", name, rotationId, expectBase)

  const described = await describe(connection.call, name, signal)
  if (described === undefined || described.DeletedDate !== undefined) throw changed("it was deleted")
  const labels = labelsOf(described, version)
  if (labels.includes("AWSCURRENT")) throw changed("it was promoted already")
  if (labels.includes("AWSPREVIOUS")) throw changed("it was promoted, and somebody has gone back since")
  if (isParked && !isKept(labels)) throw changed("its candidate is gone")

  if (isParked) {
    const move = { VersionStage: "AWSCURRENT", MoveToVersionId: version, RemoveFromVersionId: expectBase }
    await connection.call("UpdateSecretVersionStage", { SecretId: name, ...move }, signal)
  } else {
    await replace({ connection, name, content: contentOf(value, version), fresh, signal }, expectBase)
  }
  return { version, previous: expectBase, journaled: false }
}

function changed(message = "the secret does not have that version"): SecretError {
  return new SecretError("CONFLICT", { message, hint: "read the secret again, and decide anew" })
}
