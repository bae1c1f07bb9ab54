import type { ApiAddress } from '../config/values.ts'

/** What goes over the channel between the supervisor and the process that serves HTTP. */
export type ToApi =
  | { readonly type: 'begin'; readonly options: ApiProcessOptions }
  /** With a connection: what has been read of it already, as latin1. */
  | { readonly type: 'connection'; readonly head: string }

export type FromApi =
  | { readonly type: 'listening'; readonly address: ApiAddress }
  /** The port can't be had; everything else works. */
  | { readonly type: 'failed'; readonly reason: string }

export interface ApiProcessOptions {
  readonly run: string
  readonly odopPath: string
  /** A port besides the connections that are handed over; null: none. */
  readonly tcp: { readonly address: ApiAddress; readonly token: string } | null
}
