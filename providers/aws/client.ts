import { isSecretError, misconfigured, notInstalled, openOnce, untilAborted } from "../../src/core/index.ts"
import type { Action, Actions } from "./actions.ts"
import { type Answer, answerTo } from "./answer.ts"
import { refusesLogin } from "./errors.ts"
import { AwsFailure, failureOf } from "./failure.ts"
import { type LoggedIn, type Login, loginOf } from "./login.ts"
import type { CheckedOptions } from "./options.ts"

/** What is used of a client of the SDK: an instance of `SecretsManagerClient`, or of `SecretsManager`. */
export interface SecretsManagerLike {
  send(command: object, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
  readonly config?: unknown
}

/** Makes a call. @throws AwsFailure for whatever went wrong, or a SecretError for what is known here */
export type Call = <A extends Action>(
  action: A,
  input: Actions[A]["input"],
  signal: AbortSignal,
) => Promise<Answer<A>>

/** The same, with the time at which the service answered, in milliseconds since 1970, if it said so. */
export type DatedCall = <A extends Action>(
  action: A,
  input: Actions[A]["input"],
  signal: AbortSignal,
) => Promise<Dated<A>>

/** An answer, and when it was given. */
export interface Dated<A extends Action> {
  readonly answer: Answer<A>
  /** In whole seconds, and therefore up to one too early. */
  readonly at?: number
}

/** Makes a call whose outcome nobody waits for. */
export type Tidy = <A extends Action>(action: A, input: Actions[A]["input"]) => void

/** The one way to the service. */
export interface Connection {
  readonly call: Call
  readonly dated: DatedCall
  /** Is given up after two seconds, for which `close()` waits. */
  readonly tidy: Tidy
  /** Ends what is under way. A client that was handed in stays open. */
  close(): Promise<void>
}

interface Connected {
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

type Handler = (args: never) => Promise<{ readonly response?: unknown } | undefined>

/** A client that is ours to end. */
export interface OwnClient extends SecretsManagerLike {
  readonly config: { region(): Promise<string> }
  destroy(): void
}

/** The SDK writes warnings to the console where it has no logger. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** What came of one attempt at a call. */
type Attempt<A extends Action> =
  | Dated<A>
  | {
      readonly failure: AwsFailure
      /** The login that it was made with, if it came to that. */
      readonly by: LoggedIn | undefined
    }

/** How long there is for what nobody waits for, in milliseconds. */
const TIDYING = 2_000

/** Prepares a way to the service. Loads and makes nothing before the first call. */
export function connection(options: CheckedOptions): Connection {
  const closing = new AbortController()
  const closed = new AbortController()
  const tidying = new Set<Promise<unknown>>()

  const connected = openOnce(async (): Promise<Connected> => {
    const sdk = await import("@aws-sdk/client-secrets-manager").catch(
      notInstalled("@aws-sdk/client-secrets-manager", "aws()"),
    )
    const commands = sdk as unknown as Commands
    const rest = { fixed: typeof options.credentials === "object", closing: closed.signal }
    if (options.client !== undefined)
      return { login: loginOf({ client: options.client, anew: undefined, ...rest }), commands }
    const anew = () => new sdk.SecretsManagerClient(settingsOf(options)) as OwnClient
    const client = anew()
    await refuseNoRegion(client)
    return { login: loginOf({ client, anew, ...rest }), commands }
  })

  async function ask<A extends Action>(
    action: A,
    input: Actions[A]["input"],
    signal: AbortSignal,
  ): Promise<Dated<A>> {
    const { login, commands } = await connected.get()
    const command = () => new (commands[`${action}Command`] as Commands[string])(input)
    const first = await attempt(login, action, command(), signal)
    if ("answer" in first) return first
    // Who was not let in has changed nothing, so sending it again repeats nothing either.
    if (!refusesLogin(first.failure) || !(await isMended(login, first, action))) throw first.failure
    const second = await attempt(login, action, command(), signal)
    if ("answer" in second) return second
    throw second.failure
  }

  const dated: DatedCall = async (action, input, signal) =>
    await untilAborted(signal, own => ask(action, input, own), closing.signal)

  return {
    call: async (action, input, signal) => (await dated(action, input, signal)).answer,
    dated,
    tidy(action, input) {
      if (closing.signal.aborted) return
      const call = untilAborted(AbortSignal.timeout(TIDYING), own => ask(action, input, own), closed.signal)
      const over = call.then(
        () => void tidying.delete(over),
        () => void tidying.delete(over),
      )
      tidying.add(over)
    },
    async close() {
      closing.abort()
      await Promise.all(tidying)
      closed.abort()
      await connected.close(({ login }) => login.end())
    },
  }
}

async function attempt<A extends Action>(
  login: Login,
  action: A,
  command: Command,
  abortSignal: AbortSignal,
): Promise<Attempt<A>> {
  let by: LoggedIn | undefined
  let sent = false
  let at: number | undefined
  // What fails before this point was no answer of the service, whatever it is called: a login at another service, most of
  // all, whose AccessDenied says nothing about a secret.
  command.middlewareStack.add(
    next => async args => {
      sent = true
      const answered = await next(args)
      at = dateOf(answered?.response)
      return answered
    },
    { step: "finalizeRequest", priority: "low" },
  )
  try {
    by = await login.ready()
    abortSignal.throwIfAborted()
    const answer = answerTo(action, await by.client.send(command, { abortSignal }))
    return { answer, ...(at !== undefined && { at }) }
  } catch (thrown) {
    if (isSecretError(thrown)) throw thrown
    return { failure: thrown instanceof AwsFailure ? thrown : failureOf(thrown, action, sent), by }
  }
}

/** When an answer was given, by its header ("Date", RFC 9110). */
function dateOf(response: unknown): number | undefined {
  const { headers } = (response ?? {}) as { readonly headers?: Readonly<Record<string, unknown>> }
  const at = Date.parse(String(headers?.date))
  return Number.isNaN(at) ? undefined : at
}

/** Whether the next attempt is made with other credentials, or by a clock that the SDK has corrected. */
async function isMended(
  login: Login,
  { failure, by }: Extract<Attempt<Action>, { failure: AwsFailure }>,
  action: Action,
): Promise<boolean> {
  if (failure.known.clockCorrected) return true
  try {
    return by !== undefined && (await login.renewed(by))
  } catch (thrown) {
    throw isSecretError(thrown) ? thrown : failureOf(thrown, action, false)
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
