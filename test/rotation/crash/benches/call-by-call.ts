import type { JournalKeeper, SecretStore } from "../../../../src/core/index.ts"
import { wrapStore } from "../../../../src/testing/wrap-store.ts"
import type { Life } from "../life.ts"

/** A store each of whose calls is one request of a program: one that speaks with no server. */
export function callByCall<S extends SecretStore>(store: S, life: Life): S {
  return wrapStore(store, (_call, _signal, ask) => life.request(ask), new Set())
}

/** The same for journals alone. */
export function journalsCallByCall(journals: JournalKeeper, life: Life): JournalKeeper {
  return {
    location: journals.location,
    load: (name, options) => life.request(() => journals.load(name, options)),
    save: (name, journal, options) => life.request(() => journals.save(name, journal, options)),
  }
}
