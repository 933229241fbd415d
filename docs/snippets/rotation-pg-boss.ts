import { type PgBossClient, type Rotator, rotateWithPgBoss } from "latchkey/rotation"
import { PgBoss } from "pg-boss"

export async function rotating(url: string, rotator: Rotator): Promise<() => Promise<void>> {
  // #region pg-boss
  const boss = new PgBoss(url)
  boss.on("error", ({ message }) => console.error(message)) // or it ends the process
  await boss.start()
  const rotation = await rotateWithPgBoss(boss, rotator)
  // at the end of the process:
  const stop = async () => {
    await rotation.stop()
    await boss.stop()
  }
  // #endregion
  return stop
}

/** That a pg-boss is all that is needed is seen by the compiler. */
export type Fits = PgBoss extends PgBossClient ? true : never
