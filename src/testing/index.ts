export { type FakeClock, fakeClock, type PendingTimer } from "./fake-clock.ts"
