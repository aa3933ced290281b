/** `rejected`: certainly not delivered, for good; `retryable`: certainly not delivered, may work later; `unknown`: may have arrived. */
export type FailedOutcome = 'rejected' | 'retryable' | 'unknown'

export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly outcome: FailedOutcome
  /** A short class such as `http-500`, `timeout`, `refused`, `dns`, `tls`, `smtp-550`. */
  readonly reason: string
  /** How long the receiver asked to wait, in ms. */
  readonly retryAfter: number | undefined
  /** Proof that its destination will never work again; one wrong place in it, or recipient, is none. */
  readonly disableChannel: boolean
  /** The receiver's own answer, for people. */
  readonly response: string

  constructor(
    outcome: FailedOutcome,
    reason: string,
    message: string,
    more: { retryAfter?: number; disableChannel?: boolean; response?: string } = {},
  ) {
    super(message)
    this.outcome = outcome
    this.reason = reason
    this.retryAfter = more.retryAfter
    this.disableChannel = more.disableChannel ?? false
    this.response = more.response ?? ''
  }
}
