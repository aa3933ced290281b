/** A request to the outside. */
export interface HttpRequest {
  method: string
  url: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal: AbortSignal
  /** ms for the whole exchange. */
  timeout?: number
  tls?: { verify?: boolean; authorities?: readonly string[]; certificate?: string; key?: string }
}

export interface HttpResponse {
  status: number
  headers: Record<string, string>
  /** At most 64 kB of it. */
  body: string
}

/** The only door for HTTP. Throws `NetError`. */
export interface Http {
  request(request: HttpRequest): Promise<HttpResponse>
}

export class NetError extends Error {
  override readonly name = 'NetError'
  /** `denied`: the egress policy; `dns`, `refused`, `tls`, `timeout`, `reset`, `aborted`, `protocol`. */
  readonly reason: 'denied' | 'dns' | 'refused' | 'tls' | 'timeout' | 'reset' | 'aborted' | 'protocol'
  /** Whether the receiver may have got the request. */
  readonly written: boolean

  constructor(reason: NetError['reason'], message: string, written: boolean) {
    super(message)
    this.reason = reason
    this.written = written
  }
}
