import { type CallOptions, type NativeLedger, SecretError } from "../../../src/core/index.ts"
import type { Connection } from "../client.ts"
import { placeByArn } from "../names.ts"
import type { CheckedOptions } from "../options.ts"
import { discard, kept, park } from "./candidate.ts"
import { describe, fitSecret, labelsOf, noSecret, type RotatedBy } from "./fitness.ts"
import { loadJournal, saveJournal } from "./journal.ts"
import { permissionsOf } from "./permissions.ts"
import { ownPlace, type Place, pendingPlace, tokenOfRotation } from "./place.ts"
import { promote } from "./promote.ts"

/** What is needed of the options of a store. */
export type LedgerOptions = Pick<CheckedOptions, "location" | "region" | "fresh" | "rotationsPerDay">

/**
 * What Secrets Manager does for a rotation. The journal is a small secret of its own, `latchkey/rotation/<name>`, written
 * under tokens that only one writer gets; the candidate is a version of the secret itself, with a label of the rotation's
 * own; promotion is the move of AWSCURRENT from the version that is expected to have it.
 */
export function rotationLedger(connection: Connection, options: LedgerOptions): NativeLedger {
  return ledgerOf(connection, options, "us", {
    candidateAt: ownPlace,
    mayPark: async (name, _, { signal }) => void (await fitSecret(connection.call, name, "us", signal)),
  })
}

/**
 * The same for rotations that the service itself has begun, of whose ids {@link tokenOfRotation} tells the token: their
 * candidate is the version that has AWSPENDING. Those that are ours are as they were, so that what was left of one can be
 * taken back.
 *
 * @param rotationToken what the service gave to a function that works for another account.
 */
export function managedLedger(
  connection: Connection,
  options: LedgerOptions,
  rotationToken: string | undefined,
): NativeLedger {
  return ledgerOf(connection, options, "the service", {
    async candidateAt(name, rotationId) {
      const token = tokenOfRotation(rotationId)
      return token === undefined ? await ownPlace(name, rotationId) : pendingPlace(token, rotationToken)
    },
    async mayPark(name, { token, label }, { signal }) {
      const described = await fitSecret(connection.call, name, "the service", signal)
      // A put would take the label from the rotation that the service has begun since.
      if (labelsOf(described, token).includes(label)) return
      throw new SecretError("CONFLICT", {
        message: "the service has ended this rotation, or begun another one",
        hint: "leave it: the service calls the function again",
      })
    },
  })
}

interface Places {
  candidateAt(name: string, rotationId: string): Promise<Place>
  /** @throws SecretError where a candidate would do harm */
  mayPark(name: string, place: Place, call: CallOptions): Promise<void>
}

function ledgerOf(
  connection: Connection,
  { location, region, fresh, rotationsPerDay: perDay }: LedgerOptions,
  by: RotatedBy,
  { candidateAt, mayPark }: Places,
): NativeLedger {
  return {
    promotion: "conditional",
    rotationsPerDay: perDay,
    journals: {
      location,
      load: async (name, call) => await loadJournal(connection, name, call),
      save: async (name, journal, call) =>
        await saveJournal(connection, name, journal, call, { fresh, perDay }),
    },
    // An ARN has the account in it, which nothing else tells.
    async placeOf(name, { signal }) {
      const described = await describe(connection.call, name, signal)
      if (described === undefined) throw noSecret(name)
      return placeByArn(described.ARN ?? name)
    },
    check: async (name, { signal }) => void (await fitSecret(connection.call, name, by, signal)),
    permissions: name => permissionsOf(name, region, fresh),
    async park(name, call) {
      const place = await candidateAt(name, call.rotationId)
      await mayPark(name, place, call)
      return await park(connection, name, place, call)
    },
    kept: async (name, call) => await kept(connection, name, await candidateAt(name, call.rotationId), call),
    discard: async (name, call) =>
      await discard(connection, name, await candidateAt(name, call.rotationId), call),
    promote: async (name, call) =>
      await promote(connection, fresh, name, await candidateAt(name, call.rotationId), call),
  }
}
