import { isSecretError, misconfigured, notInstalled, openOnce, untilAborted } from "../../src/core/index.ts"
import type { Action, Actions, Call } from "./actions.ts"
import { failureOf } from "./failure.ts"
import { type Login, loginOf } from "./login.ts"
import type { CheckedOptions } from "./options.ts"

/** What is used of a client of the SDK: an instance of `SecretsManagerClient`, or of `SecretsManager`. */
export interface SecretsManagerLike {
  send(command: object, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
  readonly config?: unknown
}

/** The one way to the service. */
export interface Connection {
  readonly call: Call
  /** Ends what is under way. A client that was handed in stays open. */
  close(): Promise<void>
}

interface Connected {
  readonly client: SecretsManagerLike
  /** The client that is ours to end, if there is one. */
  readonly own: OwnClient | undefined
  readonly login: Login
  readonly commands: Commands
}

type Commands = Readonly<Record<string, new (input: object) => Command>>

interface Command {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler) => Handler,
      options: { readonly step: "finalizeRequest"; readonly priority: "low" },
    ): void
  }
}

type Handler = (args: never) => Promise<unknown>

interface OwnClient extends SecretsManagerLike {
  readonly config: { region(): Promise<string> }
  destroy(): void
}

/** The SDK writes warnings to the console where it has no logger. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Prepares a way to the service. Loads and makes nothing before the first call. */
export function connection(options: CheckedOptions): Connection {
  const closing = new AbortController()

  const connected = openOnce(async (): Promise<Connected> => {
    const sdk = await import("@aws-sdk/client-secrets-manager").catch(
      notInstalled("@aws-sdk/client-secrets-manager", "aws()"),
    )
    const commands = sdk as unknown as Commands
    if (options.client !== undefined)
      return { client: options.client, own: undefined, login: loginOf(options.client.config), commands }
    const client = new sdk.SecretsManagerClient(settingsOf(options)) as OwnClient
    await refuseNoRegion(client)
    // Credentials that were given as they are stay what they are, however often they are asked for.
    const isFixed = typeof options.credentials === "object"
    return { client, own: client, login: loginOf(isFixed ? undefined : client.config), commands }
  })

  return {
    async call<A extends Action>(action: A, input: Actions[A]["input"], signal: AbortSignal) {
      const called = async (abortSignal: AbortSignal): Promise<Partial<Actions[A]["answer"]>> => {
        const { client, login, commands } = await connected.get()
        abortSignal.throwIfAborted()
        const Command = commands[`${action}Command`] as new (input: object) => Command
        const command = new Command(input)
        let sent = false
        const attempt = login.attempt()
        // What fails before this point was no answer of the service, whatever it is called: a login at another service,
        // most of all, whose AccessDenied says nothing about a secret.
        command.middlewareStack.add(
          next => args => {
            sent = true
            return next(args)
          },
          { step: "finalizeRequest", priority: "low" },
        )
        try {
          await attempt.ready()
          return (await client.send(command, { abortSignal })) as Partial<Actions[A]["answer"]>
        } catch (thrown) {
          if (isSecretError(thrown)) throw thrown
          throw attempt.refused(failureOf(thrown, action, sent))
        }
      }
      return await untilAborted(signal, called, closing.signal)
    },
    async close() {
      closing.abort()
      const open = await connected.take()
      open?.own?.destroy()
    },
  }
}

function settingsOf(options: CheckedOptions): object {
  const { region, endpoint, profile, credentials } = options
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(profile !== undefined && { profile }),
    ...(credentials !== undefined && { credentials }),
    // Secrets repeats calls; two layers of that would multiply.
    maxAttempts: 1,
    logger: SILENT,
    requestHandler: { logger: SILENT },
    // The SDK otherwise reads the files of a profile once in the life of a process, and never sees new keys in them.
    ignoreCache: true,
  }
}

/** Asked for here, because the SDK's own error for it can be told from others by its text only. */
async function refuseNoRegion(client: OwnClient): Promise<void> {
  await client.config.region().catch(() => {
    throw misconfigured(
      "there is no region, or none that could be one",
      "write it into the URL (aws://eu-west-1), or set AWS_REGION, or region in the profile",
    )
  })
}
