import { aborted, isSecretError, SecretError } from "../../core/index.ts"

/**
 * Makes a change of several calls. Whoever leaves it in the middle does not know what became of it.
 *
 * @throws SecretError `ABORTED`, with `outcome: "unknown"` unless the signal had aborted before; whatever `change` throws
 */
export async function untilLeft(
  signal: AbortSignal,
  context: { readonly secret: string; readonly store: string },
  change: () => Promise<void>,
): Promise<void> {
  if (signal.aborted) throw aborted(context)
  try {
    await change()
  } catch (thrown) {
    if (isSecretError(thrown) && thrown.code === "ABORTED")
      throw new SecretError("ABORTED", { ...context, outcome: "unknown" })
    throw thrown
  }
}
