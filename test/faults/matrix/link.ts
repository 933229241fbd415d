/** A connection that can be harmed below everything that is said over it. */
export interface Link {
  readonly host: string
  readonly port: number
  /** Refuses connections, and ends those that there are. */
  down(): Promise<void>
  /** Accepts connections, passes on what is said, and never lets an answer through. */
  hang(): Promise<void>
  /** Lets everything that comes back wait for so many milliseconds. */
  slow(milliseconds: number): Promise<void>
  /** Ends all harm. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** Makes a link in front of a port of this machine. */
export type MakeLink = (port: number) => Promise<Link>
